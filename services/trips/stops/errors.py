"""What is refused about stops.

Invalid (422)
└── PeriodTooLong
"""

from shared.runtime.errors import Invalid


class PeriodTooLong(Invalid):
    code, title = "period_too_long", "The period is too long, or ends before it begins"
