"""What is refused about geofences.

NotFound (404)
└── GeofenceNotFound
Conflict (409)
└── GeofenceNameTaken
"""

from shared.runtime.errors import Conflict, NotFound


class GeofenceNotFound(NotFound):
    code, title = "geofence_not_found", "There is no such geofence"


class GeofenceNameTaken(Conflict):
    code, title = "geofence_name_taken", "Another geofence has this name"
