"""What is refused about trips.

NotFound (404)
└── TripNotFound
Invalid (422)
├── TimesImpossible
└── ReasonMissing
Conflict (409)
├── StatusForbids
├── StillUnderWay
├── NotEditable
├── NotEnded
└── HasReturn
Transient
└── StepBefore
Dropped
└── StatusNotMoved
"""

from shared.runtime.errors import Conflict, Dropped, Invalid, NotFound, Transient


class TripNotFound(NotFound):
    code, title = "trip_not_found", "There is no such trip"


class TimesImpossible(Invalid):
    code, title = "times_impossible", "The times do not go together"


class ReasonMissing(Invalid):
    code, title = "reason_missing", "This needs a reason"


class StatusForbids(Conflict):
    code, title = "trip_status_forbids", "The trip's status does not allow this"


class StillUnderWay(Conflict):
    code, title = "still_under_way", "Driver or vehicle is under way on another trip"


class NotEditable(Conflict):
    code, title = "trip_not_editable", "This cannot be changed any more"


class NotEnded(Conflict):
    code, title = "trip_not_ended", "The trip has not ended"


class HasReturn(Conflict):
    code, title = "trip_has_return", "The trip has a return leg"


class StepBefore(Transient):
    code, title = "trip_step_before", "The trip is not that far yet"


class StatusNotMoved(Dropped):
    code, title = "trip_status_not_moved", "The trip has this status already"
