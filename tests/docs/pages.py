"""Reads the tables and links of the pages under docs/."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Row:
    """One row of a table: the heading that it stands under, and its cells as written."""

    page: Path
    section: str
    cells: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """What the first cell names: each thing in code style, and the whole cell without that style."""
        return {*_CODE.findall(self.cells[0]), self.cells[0].replace("`", "")}

    @property
    def status(self) -> str:
        return self.cells[-1]

    def quoted(self, cell: int) -> list[str]:
        """What a cell shows in code style."""
        return _CODE.findall(self.cells[cell])

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}, {self.section}: {self.cells[0]}"


def rows(page: Path) -> list[Row]:
    """The rows of every table of a page, without their header rows."""
    return list(_rows(page, page.read_text().splitlines()))


def _rows(page: Path, lines: list[str]) -> Iterator[Row]:
    section, in_body = "", False
    for line in lines:
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not line.startswith("|"):
            in_body = False
        elif set(line) <= set("|-: "):
            in_body = True
        elif in_body:
            yield Row(page, section, tuple(cell.strip() for cell in line.strip("|").split("|")))


def relative_links(page: Path) -> list[tuple[Path, str]]:
    """Target file and anchor of each link of a page that stays inside the repository."""
    found = _LINK.findall(_FENCE.sub("", page.read_text()))
    inside = (link.partition("#") for link in found if ":" not in link)
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in inside]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
