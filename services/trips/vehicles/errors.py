"""What is refused about vehicles.

NotFound (404)
└── VehicleNotFound
Invalid (422)
└── VehicleCarriesNobody
Conflict (409)
├── PlateTaken
└── VehicleHasTrips
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class VehicleNotFound(NotFound):
    code, title = "vehicle_not_found", "There is no such vehicle"


class VehicleCarriesNobody(Invalid):
    code, title = "vehicle_carries_nobody", "The vehicle has no place for what it is to carry"


class PlateTaken(Conflict):
    code, title = "plate_taken", "Another vehicle has this plate"


class VehicleHasTrips(Conflict):
    code, title = "vehicle_has_trips", "The vehicle has trips that have not ended"
