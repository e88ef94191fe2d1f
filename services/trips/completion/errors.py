"""What is refused about completions.

NotFound (404)
└── CompletionNotFound
Conflict (409)
├── NotYetDriven
└── InvoiceSettled
Permanent
└── TripNotCompleted
"""

from shared.runtime.errors import Conflict, NotFound, Permanent


class CompletionNotFound(NotFound):
    code, title = "completion_not_found", "The trip is not completed"


class NotYetDriven(Conflict):
    code, title = "trip_not_yet_driven", "Nobody has driven this trip yet"


class InvoiceSettled(Conflict):
    code, title = "invoice_settled", "The invoice of this trip is settled"


class TripNotCompleted(Permanent):
    code, title = "trip_not_completed", "The trip is not completed"
