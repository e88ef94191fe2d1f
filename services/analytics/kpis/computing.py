"""Working figures out of what was counted. Exact until the last step, so that the same rows always give the same figure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.analytics.kpis.catalogue_models import Count, Formula, Kpi, Mean, Part, Percentile, Ratio, Total
from services.analytics.kpis.repository import Rolled

BASE: Final = 1.05
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and of how many events it is. None where nothing has happened that it could be of."""

    value: float | int | None
    n: int


def compute(kpi: Kpi, rolled: Mapping[tuple[str, str], Rolled]) -> dict[str, Figure]:
    """The figure of a step, by dimension; '' where the KPI has none. rolled: by series and dimension."""
    if kpi.by is None:
        return {"": _figure(kpi.formula, rolled, None)}
    series = {part.series for part in kpi.parts}
    dimensions = sorted({dimension for name, dimension in rolled if name in series})
    return {dimension: _figure(kpi.formula, rolled, dimension) for dimension in dimensions}


def _figure(formula: Formula, rolled: Mapping[tuple[str, str], Rolled], dimension: str | None) -> Figure:
    match formula:
        case Count(part) | Total(part):
            rows = _rows(part, rolled, dimension)
            return Figure(_sum(part, rows), sum(row.n for row in rows))
        case Mean(series):
            rows = _rows(Part(series, "total"), rolled, dimension)
            n = sum(row.n for row in rows)
            return Figure(_rounded(Fraction(sum(row.total for row in rows), n)) if n else None, n)
        case Percentile(series, q):
            rows = _rows(Part(series, "total"), rolled, dimension)
            return Figure(percentile(rows, q), sum(row.n for row in rows))
        case Ratio(over, under):
            below = sum(_sum(part, _rows(part, rolled, dimension)) for part in under)
            above = sum(_sum(part, _rows(part, rolled, dimension)) for part in over)
            n = sum(row.n for part in under for row in _rows(part, rolled, dimension))
            return Figure(_rounded(Fraction(above, below)) if below else None, n)


def _rows(part: Part, rolled: Mapping[tuple[str, str], Rolled], dimension: str | None) -> list[Rolled]:
    return [
        row
        for (series, of), row in rolled.items()
        if series == part.series and (dimension is None or of == dimension) and (not part.only or of in part.only)
    ]


def _sum(part: Part, rows: Iterable[Rolled]) -> int:
    return sum(row.n if part.use == "n" else row.total for row in rows)


def _rounded(value: Fraction) -> float:
    return float(round(value, _DIGITS))


def percentile(rows: Sequence[Rolled], q: float) -> float | None:
    """The value that a share `q` of all is not above, within 2.5 % and the bounds of what was counted; None for nothing."""
    counts: dict[int, int] = {}
    for row in rows:
        for place, count in enumerate(row.hist[1:], start=row.hist[0] if row.hist else 0):
            counts[place] = counts.get(place, 0) + count
    wanted = math.ceil(q * sum(counts.values()))
    reached = 0
    for place, count in sorted(counts.items()):
        reached += count
        if count and reached >= max(wanted, 1):
            return _bounded(middle_of(place), rows)
    return None


def _bounded(value: float, rows: Sequence[Rolled]) -> float:
    """Of three orders of the same amount the median is that amount, and not the middle of its bucket."""
    lowest = min((row.lowest for row in rows if row.lowest is not None), default=value)
    highest = max((row.highest for row in rows if row.highest is not None), default=value)
    return float(min(max(value, lowest), highest))


def middle_of(place: int) -> float:
    """The value that stands for a bucket: its geometric middle; 0 for what is not above nothing, 1 for ones."""
    if place <= 1:
        return float(place)
    return round(math.pow(BASE, place - 1.5), 3)
