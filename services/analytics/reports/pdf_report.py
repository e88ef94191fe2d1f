"""A report as a PDF: what matters first as cards, then every figure by area, then charts of the days."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from services.analytics.reports.amounts import NEW, NONE, change, scaled, shown, unit_of
from services.analytics.reports.charts import bars, scale_of, spark
from services.analytics.reports.figure_models import Figures, KpiFigures, PartFigures
from services.analytics.reports.sheet import ACCENT, GREEN, INK, MARGIN, RED, SHADE, SOFT, Sheet

_CARDS: Final = (
    "orders.placed",
    "orders.value",
    "payments.captured",
    "payments.failure_rate",
    "trips.completed",
    "trips.completion_rate",
    "shipments.alerts",
    "messages.sent_rate",
)
_CHARTS: Final = (
    "orders.placed",
    "orders.value",
    "payments.captured",
    "payments.failure_rate",
    "trips.completed",
    "trips.completion_rate",
    "shipments.received",
    "shipments.alerts",
    "messages.sent",
    "messages.failed",
)
_COLUMNS: Final = (
    ("KPI", 56.0, "L"),
    ("Value", 36.0, "R"),
    ("Before", 34.0, "R"),
    ("Change", 18.0, "R"),
    ("Target", 22.0, "R"),
    ("", 14.0, "R"),
)
_ROW: Final = 5.2
_ACROSS: Final = 4
_GAP: Final = 4.0
Part = tuple[KpiFigures, PartFigures]


def pdf_report(figures: Figures, sha256: str) -> bytes:
    """The file. sha256: of the figures, which stands on every page."""
    whose = f"organization {figures.organization_id}" if figures.organization_id else "all organizations"
    sheet = Sheet(f"Waybill - {figures.title.lower()} {figures.period} - {whose} - figures {sha256[:16]}", figures.as_of)
    sheet.set_title(f"{figures.title} {figures.period}")
    sheet.add_page()
    _heading(sheet, figures, whose)
    _cards(sheet, figures)
    _people(sheet, figures)
    _tables(sheet, figures)
    _charts(sheet, figures)
    return bytes(sheet.output())


def _heading(sheet: Sheet, figures: Figures, whose: str) -> None:
    sheet.box(0, 0, sheet.w, 30, ACCENT)
    sheet.write_in(18, (255, 255, 255), bold=True)
    sheet.at(MARGIN, 8, f"{figures.title}", 110, height=9)
    sheet.write_in(11, (255, 255, 255))
    sheet.at(MARGIN, 18, figures.period, 110, height=5)
    sheet.write_in(8, (220, 228, 238))
    sheet.at(sheet.w - MARGIN - 90, 9, "Waybill", 90, align="R")
    sheet.at(sheet.w - MARGIN - 90, 14, whose, 90, align="R")
    sheet.at(sheet.w - MARGIN - 90, 19, f"as of {figures.as_of:%Y-%m-%d %H:%M} UTC", 90, align="R")
    sheet.set_y(36)


def _parts(figures: Figures, keys: tuple[str, ...]) -> Iterator[Part]:
    """The parts of these KPIs that have happened, in this order; of one that has not, the empty one, so that it is seen."""
    by_key = {kpi.key: kpi for kpi in figures.kpis}
    for key in keys:
        for part in by_key[key].parts if key in by_key else ():
            yield by_key[key], part


def _cards(sheet: Sheet, figures: Figures) -> None:
    width = (sheet.epw - _GAP * (_ACROSS - 1)) / _ACROSS
    top, height = sheet.get_y(), 27.0
    for number, (kpi, part) in enumerate(list(_parts(figures, _CARDS))[: 2 * _ACROSS]):
        x = MARGIN + (number % _ACROSS) * (width + _GAP)
        y = top + (number // _ACROSS) * (height + _GAP)
        sheet.box(x, y, width, height, SHADE)
        sheet.write_in(7, SOFT)
        sheet.at(x + 3, y + 2.5, kpi.title, width - 6)
        sheet.write_in(12 if len(shown(kpi, part.dimension, part.value)) < 15 else 10, INK, bold=True)
        sheet.at(x + 3, y + 7, shown(kpi, part.dimension, part.value), width - 6, height=6)
        sheet.write_in(7, {True: GREEN, False: RED, None: SOFT}[part.is_on_target])
        sheet.at(x + 3, y + 13, _changed(kpi, part), width - 6)
        sheet.picture(spark([one.value for one in part.days], width - 6, 7), x + 3, y + 18)
    rows = -(-min(2 * _ACROSS, len(list(_parts(figures, _CARDS)))) // _ACROSS)
    sheet.set_y(top + rows * (height + _GAP) + 2)


def _changed(kpi: KpiFigures, part: PartFigures) -> str:
    changed = change(kpi, part.value, part.before)
    return "nothing before" if changed in (NONE, NEW) else f"{changed} on before"


def _people(sheet: Sheet, figures: Figures) -> None:
    people = figures.people
    sheet.write_in(8.5, INK)
    said = (
        "People: not worked out yet."
        if people.as_of is None
        else (
            f"People: {people.active_today:,} active on the day, {people.active_7_days:,} in 7 days, "
            f"{people.active_30_days:,} in 30; of {people.users:,} known {people.high_risk:,} may not come again."
        )
    )
    sheet.at(MARGIN, sheet.get_y(), said, sheet.epw)
    sheet.ln(8)


def _tables(sheet: Sheet, figures: Figures) -> None:
    for area, kpis in groupby(figures.kpis, key=lambda kpi: kpi.area):
        rows = [(kpi, part) for kpi in kpis for part in kpi.parts]
        sheet.keep_together(14 + min(len(rows), 4) * _ROW)
        sheet.write_in(10.5, ACCENT, bold=True)
        sheet.at(MARGIN, sheet.get_y(), area.capitalize(), sheet.epw, height=5)
        sheet.ln(6)
        sheet.table_head(_COLUMNS)
        for number, row in enumerate(rows):
            if sheet.will_page_break(_ROW):
                sheet.add_page()
                sheet.table_head(_COLUMNS)
            _table_row(sheet, *row, is_shaded=number % 2 == 1)
        sheet.ln(4)


def _table_row(sheet: Sheet, kpi: KpiFigures, part: PartFigures, *, is_shaded: bool) -> None:
    sheet.set_x(MARGIN)
    if is_shaded:
        sheet.box(MARGIN, sheet.get_y(), sheet.epw, _ROW, SHADE)
    cells = (
        kpi.title,
        shown(kpi, part.dimension, part.value),
        shown(kpi, part.dimension, part.before),
        change(kpi, part.value, part.before),
        kpi.target or "",
    )
    for text, (_, width, align) in zip(cells, _COLUMNS, strict=False):
        sheet.write_in(7.5, INK, bold=False)
        sheet.put(f" {text} ", width, _ROW, align=align)
    colour = GREEN if part.is_on_target else RED
    sheet.write_in(7.5, colour, bold=True)
    sheet.put("" if part.is_on_target is None else "met " if part.is_on_target else "missed ", _COLUMNS[-1][1], _ROW, align="R")
    sheet.ln(_ROW)


def _charts(sheet: Sheet, figures: Figures) -> None:
    drawn = [(kpi, part) for kpi, part in _parts(figures, _CHARTS) if any(one.value for one in part.days)]
    if not drawn:
        return
    sheet.add_page()
    sheet.write_in(13, ACCENT, bold=True)
    sheet.at(MARGIN, MARGIN, "Day by day", sheet.epw, height=6)
    width, height, top = (sheet.epw - 10) / 2, 46.0, MARGIN + 10
    for number, (kpi, part) in enumerate(drawn):
        place = number % 10
        if number and place == 0:
            sheet.add_page()
        x, y = MARGIN + (place % 2) * (width + 10), top + (place // 2) * (height + 4)
        _chart(sheet, kpi, part, x, y, width, height)


def _chart(sheet: Sheet, kpi: KpiFigures, part: PartFigures, x: float, y: float, width: float, height: float) -> None:
    values = [scaled(kpi, part.dimension, one.value) if one.value is not None else None for one in part.days]
    scale, left, high = scale_of(values), 13.0, height - 15
    sheet.write_in(8, INK, bold=True)
    sheet.at(x, y, f"{kpi.title} ({unit_of(kpi, part.dimension)})", width)
    sheet.write_in(6, SOFT)
    for mark in scale.marks:
        share = (mark - scale.low) / (scale.high - scale.low)
        sheet.at(x, y + 6 + high * (1 - share) - 1.5, _short(mark), left - 1.5, align="R", height=3)
    sheet.picture(bars(values, width - left, high, scale, target=_target(kpi)), x + left, y + 6)
    days = [one.day for one in part.days]
    sheet.at(x + left, y + 7 + high, f"{days[0]:%d %b}", 20, height=3)
    if len(days) > 1:
        sheet.at(x + width - 20, y + 7 + high, f"{days[-1]:%d %b}", 20, align="R", height=3)


def _target(kpi: KpiFigures) -> float | None:
    """The number of a target that is a share, in percent."""
    return float(kpi.target.rpartition(" ")[0].rpartition(" ")[2]) if kpi.target and kpi.target.endswith("%") else None


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"
