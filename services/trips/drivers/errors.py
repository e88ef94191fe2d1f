"""What is refused about drivers.

NotFound (404)
└── DriverNotFound
Conflict (409)
├── DriverErased
└── DriverHasTrips
"""

from shared.runtime.errors import Conflict, NotFound


class DriverNotFound(NotFound):
    code, title = "driver_not_found", "There is no such driver"


class DriverErased(Conflict):
    code, title = "driver_erased", "The driver has been erased"


class DriverHasTrips(Conflict):
    code, title = "driver_has_trips", "The driver has trips that have not ended"
