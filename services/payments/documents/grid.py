"""Tables: columns as wide as what is in them, rows that stay on one page, headings that come again on the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.payments.documents.sheet import INK, MARGIN, RULE, SHADE, SOFT, Sheet

_PAD: Final = 1.6
_HEADING_POINTS: Final = 7.5
_LEAST_POINTS: Final = 5.0
_ROUNDING: Final = 0.01
_HEADING_HEIGHT: Final = 7.0


@dataclass(frozen=True, slots=True)
class Column:
    """takes_rest: it gets the width that the others leave, and breaks its texts into lines. least: in millimetres."""

    heading: str
    align: str = "R"
    takes_rest: bool = False
    least: float = 0.0


class Grid:
    """Draws one table from the left margin to the right one, from where the sheet stands.

    points: the size of the letters, which are smaller where that is needed for the longest amounts.
    """

    def __init__(self, sheet: Sheet, columns: Sequence[Column], rows: Sequence[Sequence[str]], points: float) -> None:
        self._sheet = sheet
        self._columns = columns
        self._rows = rows
        self._points = points
        self._widths = self._measured()
        while sum(self._widths) > sheet.epw + _ROUNDING and self._points > _LEAST_POINTS:
            self._points -= 0.5
            self._widths = self._measured()
        self._line = self._points * 0.53

    def draw(self) -> None:
        """All rows."""
        self._sheet.keep_together(_HEADING_HEIGHT + 3 * self._line)
        self._headings()
        for row in self._rows:
            self._row(row)

    def _measured(self) -> list[float]:
        widths = []
        for place, column in enumerate(self._columns):
            self._sheet.write_in(_HEADING_POINTS, bold=True)
            heading = self._sheet.width_of(column.heading)
            self._sheet.write_in(self._points)
            longest = max((row[place] for row in self._rows), key=len, default="")
            needed = 0.0 if column.takes_rest else self._sheet.width_of(longest)
            widths.append(max(heading, needed, column.least) + 2 * _PAD)
        spare = max(self._sheet.epw - sum(widths), 0)
        takers = [place for place, column in enumerate(self._columns) if column.takes_rest] or range(len(widths))
        for place in takers:
            widths[place] += spare / len(takers)
        return widths

    def _headings(self) -> None:
        sheet, y = self._sheet, self._sheet.get_y()
        sheet.set_fill_color(*SHADE)
        sheet.rect(MARGIN, y, sheet.epw, _HEADING_HEIGHT, style="F")
        sheet.write_in(_HEADING_POINTS, SOFT, bold=True)
        self._cells([column.heading for column in self._columns], y, _HEADING_HEIGHT)
        sheet.set_y(y + _HEADING_HEIGHT)

    def _row(self, row: Sequence[str]) -> None:
        sheet = self._sheet
        sheet.write_in(self._points, INK)
        broken = {
            place: sheet.broken(row[place], self._widths[place] - 2 * _PAD)
            for place, column in enumerate(self._columns)
            if column.takes_rest
        }
        lines = max((len(one) for one in broken.values()), default=1) or 1
        height = lines * self._line + 2 * _PAD
        if sheet.keep_together(height):
            self._headings()
            sheet.write_in(self._points, INK)
        y = sheet.get_y()
        self._cells(["" if place in broken else text for place, text in enumerate(row)], y + _PAD, self._line)
        for place, texts in broken.items():
            for number, text in enumerate(texts):
                sheet.set_xy(MARGIN + sum(self._widths[:place]) + _PAD, y + _PAD + number * self._line)
                sheet.put(text, self._widths[place] - 2 * _PAD, self._line, align=self._columns[place].align)
        sheet.rule(y + height, RULE)
        sheet.set_y(y + height)

    def _cells(self, texts: Sequence[str], y: float, height: float) -> None:
        x = MARGIN
        for text, column, width in zip(texts, self._columns, self._widths, strict=True):
            if text:
                self._sheet.set_xy(x + _PAD, y)
                self._sheet.put(text, width - 2 * _PAD, height, align=column.align)
            x += width
