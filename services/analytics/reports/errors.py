"""What is refused about reports.

NotFound (404)
├── ReportNotFound
├── ReportFileNotFound
├── ReportLinkNotFound
└── SubscriptionNotFound
Conflict (409)
└── ReportNotDone
Invalid (422)
└── InvalidReport
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class ReportNotFound(NotFound):
    code, title = "report_not_found", "There is no such report"


class ReportFileNotFound(NotFound):
    code, title = "report_file_not_found", "The report has no such file"


class ReportLinkNotFound(NotFound):
    code, title = "report_link_not_found", "There is no such link"


class SubscriptionNotFound(NotFound):
    code, title = "subscription_not_found", "There is no such subscription"


class ReportNotDone(Conflict):
    code, title = "report_not_done", "The report is still being made"


class InvalidReport(Invalid):
    code, title = "invalid_report", "Such a report cannot be made"
