"""What is refused about calendars.

Invalid (422)
├── UnknownCalendar
└── PeriodNotShown
NotFound (404)
└── CalendarNotFound
"""

from shared.runtime.errors import Invalid, NotFound


class UnknownCalendar(Invalid):
    code, title = "unknown_calendar", "There is no such calendar"


class PeriodNotShown(Invalid):
    code, title = "period_not_shown", "These days cannot be shown at once"


class CalendarNotFound(NotFound):
    code, title = "calendar_not_found", "No such calendar"
