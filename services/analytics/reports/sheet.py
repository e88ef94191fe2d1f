"""A4 pages with our colours and running foot, and the few shapes that reports are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from fpdf import FPDF
from fpdf.svg import SVGObject

MARGIN: Final = 15.0
FOOT: Final = 16.0
INK: Final = (26, 32, 44)
SOFT: Final = (90, 100, 114)
RULE: Final = (214, 220, 228)
SHADE: Final = (243, 245, 248)
ACCENT: Final = (30, 58, 95)
GREEN: Final = (22, 120, 74)
RED: Final = (179, 65, 46)
Colour = tuple[int, int, int]
_PAGES: Final = "{pages}"


class Sheet(FPDF):
    """Measures are millimetres. Only letters of Latin-1 are written: titles are ours, and money has its currency's code."""

    def __init__(self, foot: str, moment: datetime) -> None:
        super().__init__(format="A4")
        self._foot = foot
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=FOOT)
        # What would else be the time and the library of the day makes the same report the same bytes.
        self.set_creation_date(moment)
        self.set_producer("Waybill")
        self.alias_nb_pages(_PAGES)
        self.set_lang("en")

    def footer(self) -> None:
        """Called by the library at each page's end."""
        self.set_y(-FOOT + 5)
        self.set_draw_color(*RULE)
        self.line(MARGIN, self.get_y(), self.w - MARGIN, self.get_y())
        self.set_y(self.get_y() + 1.5)
        self.write_in(7, SOFT)
        self.put(self._foot, self.epw - 15, 4)
        # From the left, because the library puts the number in later, and so does not know its width.
        self.put(f"Page {self.page_no()} of {_PAGES}", 15, 4)

    def write_in(self, points: float, colour: Colour = INK, *, bold: bool = False) -> None:
        """Size, colour and weight of what follows."""
        self.set_font("Helvetica", "B" if bold else "", points)
        self.set_text_color(*colour)

    def put(self, text: str, width: float, height: float, *, align: str = "L") -> None:
        """One line of text; what follows stands at its right."""
        self.cell(width, height, text.encode("latin-1", "replace").decode("latin-1"), align=align)

    def at(self, x: float, y: float, text: str, width: float, *, align: str = "L", height: float = 4) -> None:
        """One line of text at a place."""
        self.set_xy(x, y)
        self.put(text, width, height, align=align)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """A filled rectangle."""
        self.set_fill_color(*fill)
        self.rect(x, y, width, height, style="F")

    def picture(self, svg: str, x: float, y: float) -> None:
        """A chart, in the size that it has."""
        drawn = SVGObject(svg)
        drawn.draw_to_page(self, x, y)

    def keep_together(self, height: float) -> None:
        """Begin another page unless so much room is left on this one."""
        if self.will_page_break(height):
            self.add_page()

    def table_head(self, columns: Sequence[tuple[str, float, str]]) -> None:
        """The head of a table: name, width and side of each column."""
        self.set_x(MARGIN)
        self.set_fill_color(*ACCENT)
        self.write_in(7.5, (255, 255, 255), bold=True)
        for name, width, align in columns:
            self.cell(width, 5.5, f" {name} ", align=align, fill=True)
        self.ln(5.5)
