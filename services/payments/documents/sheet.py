"""A4 pages with our fonts, colours and running foot, and the few shapes that documents are made of."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import segno
from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos

from services.payments.documents import fonts

MARGIN: Final = 15.0
FOOT: Final = 18.0
INK: Final = (26, 32, 44)
SOFT: Final = (90, 100, 114)
RULE: Final = (214, 220, 228)
SHADE: Final = (243, 245, 248)
ACCENT: Final = (30, 58, 95)
GREEN: Final = (22, 120, 72)
PALE: Final = (232, 235, 240)
_PAGES: Final = "{pages}"
_PAGES_WIDTH: Final = 16.0
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class Sheet(FPDF):
    """Measures are millimetres. foot: stands at the left of each page's end; the page's number at the right."""

    def __init__(self, foot: str, moment: datetime) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self._points, self._bold = 9.0, False
        for style in ("", "B"):
            self.add_font(fonts.LATIN, style, fonts.FILES[fonts.LATIN, style])
        self._has_devanagari = False
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=FOOT)
        # What would else be the time and the library of the day makes the same document the same bytes.
        self.set_creation_date(moment)
        self.set_producer("Waybill")
        self.alias_nb_pages(_PAGES)
        self.set_lang("en-IN")

    def footer(self) -> None:
        """Called by the library at each page's end."""
        self.set_y(-FOOT + 5)
        self.rule(self.get_y(), RULE)
        self.set_y(self.get_y() + 1.5)
        self.write_in(7.5, SOFT)
        self.put(self._shortened(self._foot, self.epw - _PAGES_WIDTH - 2), self.epw - _PAGES_WIDTH, 4)
        # From the left, because the library puts the number in later, and so does not know its width.
        self.put(f"Page {self.page_no()} of {_PAGES}", _PAGES_WIDTH, 4)

    def write_in(self, points: float, colour: tuple[int, int, int] = INK, *, bold: bool = False) -> None:
        """Size, colour and weight of what follows."""
        self._points, self._bold = points, bold
        self.set_text_color(*colour)

    def put(self, text: str, width: float, height: float, *, align: str = "L") -> None:
        """One line of text; what follows stands at its right."""
        self.cell(width, height, self._fitting(text), align=align)

    def paragraph(self, text: str, width: float, height: float, *, align: str = "L") -> None:
        """Text in lines of `height`, from here on down."""
        self.multi_cell(width, height, self._fitting(text), align=align, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def broken(self, text: str, width: float) -> list[str]:
        """The lines that a text has in this width."""
        lines = self.multi_cell(width, 1, self._fitting(text), align="L", dry_run=True, output=MethodReturnValue.LINES)
        assert isinstance(lines, list), "that is what is asked for"
        return [str(line) for line in lines]

    def width_of(self, text: str) -> float:
        """How long a line of it is."""
        return self.get_string_width(self._fitting(text))

    def rule(self, y: float, colour: tuple[int, int, int], x: float = MARGIN) -> None:
        """A thin line, from `x` to the right margin."""
        self.set_draw_color(*colour)
        self.line(x, y, self.w - MARGIN, y)

    def keep_together(self, height: float) -> bool:
        """Begin another page unless so much room is left on this one; says whether it did."""
        if not self.will_page_break(height):
            return False
        self.add_page()
        return True

    def code(self, text: str, x: float, y: float, side: float) -> None:
        """A QR code as areas of black, so that it is sharp at any size. Its quiet zone stands outside of `side`."""
        matrix = segno.make_qr(text, error="m").matrix
        unit = side / len(matrix)
        self.set_fill_color(0)
        for row, modules in enumerate(matrix):
            for start, length in runs(modules):
                # Slightly higher than a module, or a hair of white shows between the rows.
                self.rect(x + start * unit, y + row * unit, length * unit, unit * 1.02, style="F")

    def _shortened(self, text: str, width: float) -> str:
        """The text, or how it begins where it is longer than this."""
        shown = one_line(text)
        while len(shown) > 1 and self.width_of(shown) > width:
            shown = f"{shown.removesuffix('…')[: int(len(shown) * 0.9)]}…"
        return shown

    def _fitting(self, text: str) -> str:
        """The text on one line, with the font set that has its letters."""
        clean = one_line(text)
        hindi = fonts.is_devanagari(clean)
        if hindi and not self._has_devanagari:
            # Not before: a font that is there goes into the file, and takes as long as all else.
            self.add_font(fonts.DEVANAGARI, "", fonts.FILES[fonts.DEVANAGARI, ""])
            self._has_devanagari = True
        self.set_font(fonts.DEVANAGARI if hindi else fonts.LATIN, "B" if self._bold and not hindi else "", self._points)
        self.set_text_shaping(use_shaping_engine=hindi)
        return clean


def one_line(text: str) -> str:
    """Without what would break a line or show nothing."""
    return _CONTROL.sub(" ", text).strip()


def runs(modules: Sequence[int]) -> list[tuple[int, int]]:
    """Where dark modules stand next to each other: begin and length."""
    found: list[tuple[int, int]] = []
    for place, is_dark in enumerate(modules):
        if is_dark and found and sum(found[-1]) == place:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif is_dark:
            found.append((place, 1))
    return found
