"""What alerts say no with.

NotFound (404)
└── MonitoringAlertNotFound
Conflict (409)
├── AlertNotFiring          what is pending or resolved cannot be acknowledged
└── AlertAcknowledged       somebody has it already
"""

from shared.runtime.errors import Conflict, NotFound


class MonitoringAlertNotFound(NotFound):
    code, title = "monitoring_alert_not_found", "There is no such alert"


class AlertNotFiring(Conflict):
    code, title = "alert_not_firing", "The alert does not fire"


class AlertAcknowledged(Conflict):
    code, title = "alert_acknowledged", "Somebody looks after it already"
