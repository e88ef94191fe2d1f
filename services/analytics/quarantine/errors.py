"""What is refused about events that were put aside.

NotFound (404)
└── QuarantinedEventNotFound
Invalid (422)
└── StillRefused
"""

from shared.runtime.errors import Invalid, NotFound


class QuarantinedEventNotFound(NotFound):
    code, title = "quarantined_event_not_found", "There is no such event that waits"


class StillRefused(Invalid):
    code, title = "still_refused", "The event is refused again"
