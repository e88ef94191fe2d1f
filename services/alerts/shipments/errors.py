"""What the shipments API refuses; what is wrong with single rows of an import is in its report.

Invalid (422)
├── UnreadableFile
├── BadMapping
├── HoldDates
└── UnknownTimeZone
Conflict (409)
├── DuplicateReference
├── IllegalTransition
├── ShipmentInUse
├── HoldInForce
└── HoldReleased
NotFound (404)
├── ShipmentNotFound
└── HoldNotFound
Permanent
└── NobodyToTell
ServiceError
├── FileTooLarge (413)
└── UnknownFileType (415)
"""

from shared.runtime.errors import Conflict, Invalid, NotFound, Permanent, ServiceError


class UnreadableFile(Invalid):
    code, title = "unreadable_file", "The file cannot be read as a list of shipments"


class BadMapping(Invalid):
    code, title = "bad_mapping", "The mapping of columns is not valid"


class UnknownTimeZone(Invalid):
    code, title = "unknown_time_zone", "The time zone is not known"


class HoldDates(Invalid):
    code, title = "hold_dates", "The days of the hold cannot be meant"


class FileTooLarge(ServiceError):
    status, code, title = 413, "file_too_large", "The file is too large for one request"


class UnknownFileType(ServiceError):
    status, code, title = 415, "unknown_file_type", "The body is not declared as a file that can be read"


class ShipmentNotFound(NotFound):
    code, title = "shipment_not_found", "There is no such shipment"


class HoldNotFound(NotFound):
    code, title = "hold_not_found", "There is no such hold"


class DuplicateReference(Conflict):
    code, title = "duplicate_reference", "The reference is taken"


class IllegalTransition(Conflict):
    code, title = "illegal_transition", "The status cannot follow the current one"


class ShipmentInUse(Conflict):
    code, title = "shipment_in_use", "Alerts depend on the shipment"


class HoldInForce(Conflict):
    code, title = "hold_in_force", "A hold of this kind is in force"


class HoldReleased(Conflict):
    code, title = "hold_released", "The hold is released already"


class NobodyToTell(Permanent):
    code, title = "nobody_to_tell", "Nobody would be told of the alerts of these shipments"
