"""What is refused about KPIs.

NotFound (404)
├── KpiNotFound
└── SeriesNotFound
Invalid (422)
└── InvalidRange
"""

from shared.runtime.errors import Invalid, NotFound


class KpiNotFound(NotFound):
    code, title = "kpi_not_found", "There is no such KPI"


class SeriesNotFound(NotFound):
    code, title = "series_not_found", "There is no such series"


class InvalidRange(Invalid):
    code, title = "invalid_range", "This range of days cannot be read"
