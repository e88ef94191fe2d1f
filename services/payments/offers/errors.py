"""What is refused about offers.

NotFound (404)
└── OfferNotFound
Conflict (409)
├── OfferEnded
├── ManufacturerBlocked
├── OfferNotAccepted
└── TooMuchDelivered
Invalid (422)
├── LineNotOffered
├── DeliveryInFuture
└── MoreRejectedThanDelivered
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class OfferNotFound(NotFound):
    code, title = "offer_not_found", "No such offer"


class OfferEnded(Conflict):
    code, title = "offer_ended", "The offer does not stand any more"


class ManufacturerBlocked(Conflict):
    code, title = "manufacturer_blocked", "Nobody may order from the manufacturer"


class OfferNotAccepted(Conflict):
    code, title = "offer_not_accepted", "The offer is not accepted"


class TooMuchDelivered(Conflict):
    code, title = "too_much_delivered", "More than was ordered"


class LineNotOffered(Invalid):
    code, title = "line_not_offered", "The offer has no such line"


class DeliveryInFuture(Invalid):
    code, title = "delivery_in_future", "The day has not come"


class MoreRejectedThanDelivered(Invalid):
    code, title = "more_rejected_than_delivered", "Fewer units came than were not good"
