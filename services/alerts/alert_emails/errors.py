"""What the e-mails of alerts refuse.

NotFound (404)
└── AlertUnknown
Conflict (409)
└── AlertResolved
"""

from shared.runtime.errors import Conflict, NotFound


class AlertUnknown(NotFound):
    code, title = "alert_not_found", "No such alert"


class AlertResolved(Conflict):
    code, title = "alert_resolved", "The alert is resolved"
