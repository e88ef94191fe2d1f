"""What is refused about assignments.

NotFound (404)
└── NoOffer
Conflict (409)
├── NotAvailable
├── AlreadyBound
├── NobodyAvailable
└── OfferOver
"""

from shared.runtime.errors import Conflict, NotFound


class NoOffer(NotFound):
    code, title = "no_offer", "The trip is not offered to anybody"


class NotAvailable(Conflict):
    code, title = "not_available", "Driver or vehicle cannot do this trip"


class AlreadyBound(Conflict):
    code, title = "already_bound", "Driver or vehicle has just been given another trip"


class NobodyAvailable(Conflict):
    code, title = "nobody_available", "No driver with a vehicle can do this trip"


class OfferOver(Conflict):
    code, title = "offer_over", "The time to answer is over"
