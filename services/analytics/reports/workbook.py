"""A report as an Excel workbook: a summary, each day, and what the figures mean. Figures are numbers, to go on with."""

from io import BytesIO
from typing import Any, Final

import xlsxwriter

from services.analytics.reports.amounts import digits_of, scaled, unit_of
from services.analytics.reports.figure_models import Figures, KpiFigures, PartFigures

_SUMMARY_HEAD: Final = ("Area", "KPI", "Part", "Unit", "Value", "Before", "Change", "Events", "Target", "On target")
_SUMMARY_WIDTHS: Final = (15, 34, 9, 12, 16, 16, 10, 10, 16, 10)
_A4: Final = 9
_CHARTED: Final = ("orders.placed", "orders.value", "payments.captured", "trips.completed", "shipments.alerts", "messages.sent")


class _Book:
    """The workbook and its formats."""

    def __init__(self, target: BytesIO, figures: Figures) -> None:
        # Text is text: what looks like a formula or an address is none. The moment of making is the report's own.
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "remove_timezone": True,
        }
        self.book: Any = xlsxwriter.Workbook(target, options)
        self.book.set_properties({"title": f"{figures.title} {figures.period}", "author": "Waybill", "created": figures.as_of})
        self.title: Any = self.book.add_format({"bold": True, "font_size": 14, "font_color": "#1e3a5f"})
        self.soft: Any = self.book.add_format({"font_color": "#5a6472"})
        self.head: Any = self.book.add_format({"bold": True, "bg_color": "#1e3a5f", "font_color": "#ffffff", "border": 1})
        self.day: Any = self.book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.good: Any = self.book.add_format({"font_color": "#16784a", "bold": True})
        self.bad: Any = self.book.add_format({"font_color": "#b3412e", "bold": True})
        self.wrap: Any = self.book.add_format({"text_wrap": True, "valign": "top"})
        self._numbers: dict[str, Any] = {}

    def number(self, kpi: KpiFigures, dimension: str) -> Any:
        """How a figure of this KPI is shown."""
        shape = _shape(kpi, dimension)
        if shape not in self._numbers:
            self._numbers[shape] = self.book.add_format({"num_format": shape})
        return self._numbers[shape]


def workbook(figures: Figures) -> tuple[bytes, int]:
    """(the file, how many rows of figures its days have)."""
    target = BytesIO()
    book = _Book(target, figures)
    _summary(book, figures)
    rows, places = _days(book, figures)
    _charts(book, figures, places)
    _meanings(book, figures)
    book.book.close()
    return target.getvalue(), rows


def _summary(book: _Book, figures: Figures) -> None:
    sheet = book.book.add_worksheet("Summary")
    sheet.write_string(0, 0, f"{figures.title}, {figures.period}", book.title)
    sheet.write_string(1, 0, _about(figures), book.soft)
    _head(book, sheet, 3, _SUMMARY_HEAD, _SUMMARY_WIDTHS)
    row = 4
    for kpi in figures.kpis:
        for part in kpi.parts:
            _summary_row(book, sheet, row, kpi, part)
            row += 1
    sheet.freeze_panes(4, 2)
    sheet.autofilter(3, 0, max(row - 1, 4), len(_SUMMARY_HEAD) - 1)
    _lay_out(sheet, head=3)


def _summary_row(book: _Book, sheet: Any, row: int, kpi: KpiFigures, part: PartFigures) -> None:
    shape = book.number(kpi, part.dimension)
    for column, text in enumerate((kpi.area, kpi.title, part.dimension, unit_of(kpi, part.dimension))):
        sheet.write_string(row, column, text)
    _number(sheet, row, 4, kpi, part.dimension, part.value, shape)
    _number(sheet, row, 5, kpi, part.dimension, part.before, shape)
    if part.value is not None and part.before:
        sheet.write_number(row, 6, (part.value - part.before) / part.before, _percent(book))
    sheet.write_number(row, 7, part.n)
    sheet.write_string(row, 8, kpi.target or "")
    if part.is_on_target is not None:
        sheet.write_string(row, 9, "yes" if part.is_on_target else "no", book.good if part.is_on_target else book.bad)


def _days(book: _Book, figures: Figures) -> tuple[int, dict[tuple[str, str], tuple[int, int]]]:
    """(rows, from which to which row each part's days stand)."""
    sheet = book.book.add_worksheet("Days")
    _head(book, sheet, 0, ("Day", "KPI", "Part", "Unit", "Value", "Events"), (12, 34, 9, 12, 16, 10))
    row, places = 1, dict[tuple[str, str], tuple[int, int]]()
    for kpi in figures.kpis:
        for part in kpi.parts:
            first = row
            for one in part.days:
                sheet.write_datetime(row, 0, one.day, book.day)
                for column, text in enumerate((kpi.title, part.dimension, unit_of(kpi, part.dimension)), start=1):
                    sheet.write_string(row, column, text)
                _number(sheet, row, 4, kpi, part.dimension, one.value, book.number(kpi, part.dimension))
                sheet.write_number(row, 5, one.n)
                row += 1
            places[kpi.key, part.dimension] = (first, row - 1)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(row - 1, 1), 5)
    _lay_out(sheet, head=0)
    return row - 1, places


def _charts(book: _Book, figures: Figures, places: dict[tuple[str, str], tuple[int, int]]) -> None:
    sheet = book.book.add_worksheet("Charts")
    _lay_out(sheet)
    place = 0
    for kpi in figures.kpis:
        for part in kpi.parts if kpi.key in _CHARTED else ():
            first, last = places[kpi.key, part.dimension]
            chart = book.book.add_chart({"type": "column"})
            chart.add_series(
                {
                    "name": kpi.title,
                    "categories": ["Days", first, 0, last, 0],
                    "values": ["Days", first, 4, last, 4],
                    "fill": {"color": "#1e5a96"},
                    "gap": 40,
                }
            )
            chart.set_title({"name": f"{kpi.title} ({unit_of(kpi, part.dimension)})", "name_font": {"size": 11}})
            chart.set_legend({"none": True})
            chart.set_x_axis({"num_format": "dd mmm", "num_font": {"size": 8}})
            chart.set_size({"width": 560, "height": 280})
            sheet.insert_chart((place // 2) * 15, (place % 2) * 9, chart)
            place += 1


def _meanings(book: _Book, figures: Figures) -> None:
    sheet = book.book.add_worksheet("Meanings")
    _head(book, sheet, 0, ("Key", "KPI", "Answers for it", "Unit", "Formula", "Target"), (30, 34, 16, 12, 90, 16))
    for row, kpi in enumerate(figures.kpis, start=1):
        for column, text in enumerate((kpi.key, kpi.title, kpi.owner, kpi.unit, kpi.formula, kpi.target or "")):
            sheet.write_string(row, column, text, book.wrap)
    _lay_out(sheet, head=0)


def _lay_out(sheet: Any, head: int | None = None) -> None:
    """On paper, or as a picture: all columns side by side on A4, under their names. head: the row of these."""
    sheet.set_paper(_A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    if head is not None:
        sheet.repeat_rows(head)


def _head(book: _Book, sheet: Any, row: int, names: tuple[str, ...], widths: tuple[int, ...]) -> None:
    for column, (name, width) in enumerate(zip(names, widths, strict=True)):
        sheet.write_string(row, column, name, book.head)
        sheet.set_column(column, column, width)


def _number(sheet: Any, row: int, column: int, kpi: KpiFigures, dimension: str, value: float | None, shape: Any) -> None:
    if value is not None:
        number = value if kpi.unit == "ratio" else scaled(kpi, dimension, value)
        sheet.write_number(row, column, number, shape)


def _shape(kpi: KpiFigures, dimension: str) -> str:
    match kpi.unit:
        case "ratio":
            return "0.0%"
        case "minor units":
            digits = digits_of(dimension)
            return f"#,##0.{'0' * digits}" if digits else "#,##0"
        case "metres" | "seconds":
            return "#,##0.0"
        case _:
            return "#,##0"


def _percent(book: _Book) -> Any:
    if "change" not in book._numbers:  # noqa: SLF001 — its own module.
        book._numbers["change"] = book.book.add_format({"num_format": "+0%;-0%;0%"})  # noqa: SLF001 — as above.
    return book._numbers["change"]  # noqa: SLF001 — as above.


def _about(figures: Figures) -> str:
    whose = f"organization {figures.organization_id}" if figures.organization_id else "all organizations"
    return f"{whose}; as of {figures.as_of:%Y-%m-%d %H:%M} UTC; before: as many days right before"
