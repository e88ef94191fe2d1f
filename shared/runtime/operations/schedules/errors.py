"""What this noun says no with.

ServiceError
├── ScheduleNotFound (404)
└── InvalidCrontab (422)
"""

from shared.runtime.errors import Invalid, NotFound


class ScheduleNotFound(NotFound):
    code, title = "schedule_not_found", "This service has no such schedule entry"


class InvalidCrontab(Invalid):
    code, title = "invalid_crontab", "The crontab is not valid"
