"""What is refused about devices.

NotFound (404)
└── DeviceNotFound
Conflict (409)
├── IdentifierTaken
├── DeviceRevoked
└── VehicleRetired
"""

from shared.runtime.errors import Conflict, NotFound


class DeviceNotFound(NotFound):
    code, title = "device_not_found", "There is no such device"


class IdentifierTaken(Conflict):
    code, title = "identifier_taken", "Another device has this identifier"


class DeviceRevoked(Conflict):
    code, title = "device_revoked", "The device has been revoked"


class VehicleRetired(Conflict):
    code, title = "vehicle_retired", "The vehicle has been retired"
