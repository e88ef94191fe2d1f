"""Reading a file of shipments, row by row: what is good is kept, the rest is told with its place.

A row is one line, in CSV (RFC 4180) as in NDJSON, and in UTF-8. No field of a shipment may hold a line break, so a quote
that is never closed costs its own row and not the rest of the file, and line numbers are those that an editor shows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.alerts.shipments import csv_lines, ndjson_lines
from services.alerts.shipments.cell_values import Reader, plain, readers
from services.alerts.shipments.errors import UnreadableFile
from services.alerts.shipments.file_format import OPTIONAL, FileFormat
from services.alerts.shipments.models import ShipmentFacts
from services.alerts.shipments.ndjson_lines import Fault

MAX_LINE_BYTES: Final = 20_000
"""More than twenty recipients and fifty documents take."""

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_SNIFFED_BYTES: Final = 1_000
_TOGGLED: Final = frozenset(OPTIONAL)

Cells = dict[str, tuple[str, str]]
"""The cells of a row: our name of the column to (their name, what stands there)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """line: counted from 1. column: its name in the file, None where the row as a whole is wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(slots=True)
class ShipmentFile:
    """What a file said. rows: those with anything in them, without a header. problems: of `rejected` rows, all of them.

    lines: where each reference that was kept stands.
    """

    rows: int = 0
    rejected: int = 0
    facts: list[ShipmentFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def reject(self, *problems: Problem) -> None:
        """Count one row as bad, for these reasons."""
        self.rejected += 1
        self.problems += problems


def read_shipments(body: bytes, written: FileFormat | None = None) -> ShipmentFile:
    """Read a whole file. Raises UnreadableFile where nothing tells what the columns are."""
    written = written or FileFormat()
    _check_encoding(body)
    lines = ((number, line) for number, line in enumerate(body.removeprefix(_UTF8_MARK).splitlines(), start=1) if line.strip())
    split = _splitter(lines, written)
    read = readers(written)
    file = ShipmentFile()
    for number, line in lines:
        file.rows += 1
        try:
            cells, faults = split(decoded(line))
        except ValueError as error:
            file.reject(Problem(number, None, str(error)))
            continue
        _add(file, number, cells, [Problem(number, theirs, reason) for theirs, reason in faults], read)
    if not file.rows and written.kind == "ndjson":
        raise UnreadableFile("the file is empty; each of its lines is one shipment as a JSON object")
    return file


def _splitter(lines: Iterator[tuple[int, bytes]], written: FileFormat) -> Callable[[str], tuple[Cells, Sequence[Fault]]]:
    """What makes cells of a line, and says what is wrong with others; for CSV the first line is read now, as the header."""
    if written.kind == "ndjson":
        return lambda line: ndjson_lines.cells(line, written)
    number, line = next(lines, (1, b""))
    try:
        header = decoded(line)
    except ValueError as error:
        raise UnreadableFile(f"line {number}, which should name the columns, {error}") from None
    columns = csv_lines.columns(number, header, written)
    return lambda line: (csv_lines.cells(line, columns, written), ())


def _add(file: ShipmentFile, number: int, cells: Cells, problems: list[Problem], read: Mapping[str, Reader]) -> None:
    values: dict[str, Any] = {}
    for ours, (theirs, cell) in cells.items():
        try:
            value = plain(cell)
            if value:
                values[ours] = read[ours](value)
            elif ours not in _TOGGLED:
                raise ValueError("is empty")
        except ValueError as error:
            problems.append(Problem(number, theirs, str(error)))
    if not problems and (first := file.lines.setdefault(values["reference"], number)) != number:
        problems.append(Problem(number, cells["reference"][0], f"stands in line {first} already"))
    if problems:
        file.reject(*problems)
    else:
        file.facts.append(ShipmentFacts(**values, given=_TOGGLED & cells.keys()))


def _check_encoding(body: bytes) -> None:
    start = body[:_SNIFFED_BYTES]
    halves = start[::2].count(0), start[1::2].count(0)
    # Without its mark, UTF-16 has a zero in every second byte of Western text.
    if body.startswith(_UTF16_MARKS) or max(halves) > len(start) // 4:
        raise UnreadableFile("the file is in UTF-16; save it in UTF-8")


def decoded(line: bytes) -> str:
    """The text of a line. Raises ValueError with what is wrong, to be put after 'the line'."""
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"has more than {MAX_LINE_BYTES} bytes")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        hint = "save the file in UTF-8 (it may be in Latin-1 or Windows-1252)"
        raise ValueError(f"is not UTF-8 from byte {error.start + 1} on; {hint}") from None
