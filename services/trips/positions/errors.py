"""What is refused about positions.

Invalid (422)
├── PositionRefused
├── BatchUnreadable
└── TrackTooLong
ServiceError
├── UnknownBatchType (415)
└── TooManyPoints (413)
"""

from shared.runtime.errors import Invalid, ServiceError


class PositionRefused(Invalid):
    code, title = "position_refused", "The position was dropped"


class BatchUnreadable(Invalid):
    code, title = "batch_unreadable", "The body is no list of positions"


class TrackTooLong(Invalid):
    code, title = "track_too_long", "There are more positions than are looked at at once"


class UnknownBatchType(ServiceError):
    status, code, title = 415, "unknown_batch_type", "The body is not declared as positions that can be read"


class TooManyPoints(ServiceError):
    status, code, title = 413, "too_many_points", "There are more positions than one request takes"
