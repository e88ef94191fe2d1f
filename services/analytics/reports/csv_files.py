"""A report's figures as CSV: one row for each KPI and part, and one for each of their days."""

from services.analytics.reports.figure_models import Figures
from shared.runtime.http.csv_file import csv_lines


def summary_csv(figures: Figures) -> tuple[bytes, int]:
    """(the file, how many rows it has without its head)."""
    head = ("area", "kpi", "title", "part", "unit", "value", "n", "before", "target", "is_on_target")
    rows = [
        (kpi.area, kpi.key, kpi.title, part.dimension, kpi.unit, part.value, part.n, part.before, kpi.target, part.is_on_target)
        for kpi in figures.kpis
        for part in kpi.parts
    ]
    return csv_lines([head, *rows]), len(rows)


def days_csv(figures: Figures) -> tuple[bytes, int]:
    """(the file, how many rows it has without its head)."""
    head = ("day", "kpi", "part", "unit", "value", "n")
    rows = [
        (one.day, kpi.key, part.dimension, kpi.unit, one.value, one.n)
        for kpi in figures.kpis
        for part in kpi.parts
        for one in part.days
    ]
    return csv_lines([head, *rows]), len(rows)
