"""What the life cycle of alerts refuses.

NotFound (404)
└── AlertNotFound
Invalid (422)
├── SnoozeOutOfRange
└── TooManyAlerts
Conflict (409)
├── ActionNotPossible      not from this status
├── AcknowledgedByOther
├── ShipmentNotWatched     nothing to open an alert for
└── EtaSuperseded          the alert is about an ETA that was revised
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class AlertNotFound(NotFound):
    code, title = "alert_not_found", "No such alert"


class SnoozeOutOfRange(Invalid):
    code, title = "snooze_out_of_range", "The end of the snooze is not possible"


class TooManyAlerts(Invalid):
    code, title = "too_many_alerts", "The filter means too many alerts"


class ActionNotPossible(Conflict):
    code, title = "action_not_possible", "The alert's status does not allow this"


class AcknowledgedByOther(Conflict):
    code, title = "acknowledged_by_other", "Somebody else has acknowledged the alert"


class ShipmentNotWatched(Conflict):
    code, title = "shipment_not_watched", "The shipment is not watched any more"


class EtaSuperseded(Conflict):
    code, title = "eta_superseded", "The alert is about an ETA that was revised"
