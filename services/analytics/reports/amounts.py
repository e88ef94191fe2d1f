"""Figures as people read them, without the customs of one country: groups of three, a point, and the currency's code."""

import math
from typing import Final

from services.analytics.reports.figure_models import KpiFigures

_WHOLE: Final = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"]
)
_THOUSANDTHS: Final = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
NONE: Final = "-"
NEW: Final = "new"


def digits_of(currency: str) -> int:
    """How many digits a currency's minor unit stands for (ISO 4217)."""
    return 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2


def scaled(kpi: KpiFigures, dimension: str, value: float) -> float:
    """The figure in the unit in which it is shown: whole money, percent, kilometres, minutes."""
    match kpi.unit:
        case "minor units":
            return value / math.pow(10, digits_of(dimension))
        case "ratio":
            return value * 100
        case "metres":
            return value / 1000
        case "seconds":
            return value / 60
        case _:
            return value


def unit_of(kpi: KpiFigures, dimension: str) -> str:
    """The unit in which it is shown."""
    match kpi.unit:
        case "minor units":
            return dimension
        case "ratio":
            return "%"
        case "metres":
            return "km"
        case "seconds":
            return "min"
        case _:
            return kpi.unit


def shown(kpi: KpiFigures, dimension: str, value: float | None) -> str:
    """The figure with its unit."""
    if value is None:
        return NONE
    number = scaled(kpi, dimension, value)
    if kpi.unit == "minor units":
        return f"{dimension} {number:,.{digits_of(dimension)}f}"
    if kpi.unit == "ratio":
        return f"{number:.1f} %"
    if kpi.unit in ("metres", "seconds"):
        return f"{number:,.1f} {unit_of(kpi, dimension)}"
    return f"{number:,.0f}"


def change(kpi: KpiFigures, value: float | None, before: float | None) -> str:
    """By how much it has changed: shares in points, everything else in percent of what it was."""
    if value is None or before is None:
        return NONE
    if kpi.unit == "ratio":
        return f"{100 * (value - before):+.1f} pt"
    if before == 0:
        return "0 %" if value == 0 else NEW
    return f"{100 * (value - before) / before:+.0f} %"
