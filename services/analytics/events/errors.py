"""What is refused about events.

Invalid (422)
└── BatchUnreadable
ServiceError
└── UnknownBatchType (415)
"""

from shared.runtime.errors import Invalid, ServiceError


class BatchUnreadable(Invalid):
    code, title = "batch_unreadable", "The body is no list of events"


class UnknownBatchType(ServiceError):
    status, code, title = 415, "unknown_batch_type", "The body is not declared as events that can be read"
