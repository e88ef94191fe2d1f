"""What is refused about manufacturers.

NotFound (404)
├── ManufacturerNotFound
└── CapabilityNotFound
Conflict (409)
├── ManufacturerExists
├── ManufacturerInUse
└── CapacityInUse
Invalid (422)
└── CapabilitiesUnreadable
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class ManufacturerNotFound(NotFound):
    code, title = "manufacturer_not_found", "No such manufacturer"


class CapabilityNotFound(NotFound):
    code, title = "capability_not_found", "No such capability"


class ManufacturerExists(Conflict):
    code, title = "manufacturer_exists", "There is a manufacturer of this code already"


class ManufacturerInUse(Conflict):
    code, title = "manufacturer_in_use", "The manufacturer has had offers"


class CapacityInUse(Conflict):
    code, title = "capacity_in_use", "Units are reserved"


class CapabilitiesUnreadable(Invalid):
    code, title = "capabilities_unreadable", "The file cannot be read"
