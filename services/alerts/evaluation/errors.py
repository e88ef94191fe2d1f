"""What evaluation refuses.

Invalid (422)
└── DayNotEvaluable
NotFound (404)
└── RunNotFound
"""

from shared.runtime.errors import Invalid, NotFound


class DayNotEvaluable(Invalid):
    code, title = "day_not_evaluable", "There is nothing to evaluate for this day"


class RunNotFound(NotFound):
    code, title = "run_not_found", "No such run"
