"""Reading a CSV file of shipments (RFC 4180, UTF-8), row by row: what is good is kept, the rest is told with its place.

A row is one line. No field of a shipment may hold a line break, so a quote that is never closed costs its own row and
not the rest of the file, and line numbers are those that an editor shows.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, get_args

from services.alerts.shipments.errors import UnreadableFile
from services.alerts.shipments.models import FIRST_ETA, LAST_ETA, ShipmentFacts, Status

MAX_PROBLEMS: Final = 1000
"""How many problems a report lists. Whoever has more of them has one cause for all."""

MAX_LINE_BYTES: Final = 10_000

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# The pattern of <input type=email> (WHATWG HTML, 4.10.5.1.5), with at least one dot, because no mail leaves for a bare host,
# and with the longest local part of RFC 5321, 4.5.3.1.1.
_EMAIL: Final = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """line: counted from 1, the header's. column: its name, None where the row as a whole is wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(slots=True)
class ShipmentFile:
    """What a file said. rows: those with anything in them, without the header. problems: of `rejected` rows, all of them."""

    rows: int = 0
    rejected: int = 0
    facts: list[ShipmentFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_shipments(body: bytes) -> ShipmentFile:
    """Read a whole file. Raises UnreadableFile where not even the header tells what the columns are."""
    if body.startswith(_UTF16_MARKS):
        raise UnreadableFile("the file is in UTF-16; save it as CSV in UTF-8")
    lines = enumerate(body.removeprefix(_UTF8_MARK).splitlines(), start=1)
    columns = _header(lines)
    file = ShipmentFile()
    seen: dict[str, int] = {}
    for number, line in lines:
        if not line.strip():
            continue
        file.rows += 1
        read = _row(number, line, columns)
        if isinstance(read, ShipmentFacts):
            first = seen.setdefault(read.reference, number)
            read = read if first == number else [Problem(number, "reference", f"stands in line {first} already")]
        if isinstance(read, ShipmentFacts):
            file.facts.append(read)
        else:
            file.rejected += 1
            file.problems += read
    return file


def _header(lines: Iterator[tuple[int, bytes]]) -> list[str]:
    number, line = next(((number, line) for number, line in lines if line.strip()), (1, b""))
    wanted = f"the columns are {', '.join(COLUMNS)}; each once, in any order, separated by commas"
    if not line:
        raise UnreadableFile(f"the file is empty; its first line names the columns: {wanted}")
    try:
        columns = [name.strip() for name in _cells(line)]
    except ValueError as error:
        raise UnreadableFile(f"line {number}, which should name the columns, {error}; {wanted}") from None
    unknown = [str(place) for place, name in enumerate(columns, start=1) if name not in COLUMNS]
    doubled = sorted({name for name in columns if name in COLUMNS and columns.count(name) > 1})
    missing = [name for name in COLUMNS if name not in columns]
    faults = [
        f"{what} {', '.join(names)}"
        for what, names in (("has unknown names at place", unknown), ("has twice", doubled), ("lacks", missing))
        if names
    ]
    if faults:
        raise UnreadableFile(f"line {number}, the header, {' and '.join(faults)}; {wanted}")
    return columns


def _cells(line: bytes) -> list[str]:
    """The fields of one line. Raises ValueError with what is wrong, to be put after 'the line'."""
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"has more than {MAX_LINE_BYTES} bytes")
    try:
        decoded = line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 from byte {error.start + 1} on") from None
    try:
        return next(csv.reader((decoded,), strict=True))
    except csv.Error:
        raise ValueError("has a quote that is not closed or stands inside a field; write it twice in a quoted field") from None


def _row(number: int, line: bytes, columns: list[str]) -> ShipmentFacts | list[Problem]:
    try:
        cells = _cells(line)
    except ValueError as error:
        return [Problem(number, None, str(error))]
    if len(cells) != len(columns):
        return [Problem(number, None, f"has another number of fields than the header: {len(cells)} instead of {len(columns)}")]
    values: dict[str, str | date] = {}
    problems: list[Problem] = []
    for column, cell in zip(columns, cells, strict=True):
        try:
            values[column] = _value(column, cell)
        except ValueError as error:
            problems.append(Problem(number, column, str(error)))
    return problems or ShipmentFacts(**values)  # type: ignore[arg-type] # each reader gives what its column holds


def _value(column: str, cell: str) -> str | date:
    if _CONTROLS.search(cell):
        raise ValueError("has a NUL character" if "\0" in cell else "has a control character")
    value = cell.strip()
    if not value:
        raise ValueError("is empty")
    return _READERS[column](value)


def _text_of(limit: int) -> Callable[[str], str]:
    def read(value: str) -> str:
        if len(value) > limit:
            raise ValueError(f"has {len(value)} characters, at most {limit} are kept")
        return value

    return read


def _date(value: str) -> date:
    # fromisoformat alone also takes 20261120 and 2026-W47-5, which people do not mean.
    try:
        day = date.fromisoformat(value) if _ISO_DATE.fullmatch(value) else None
    except ValueError:
        raise ValueError("is a day that the calendar does not have") from None
    if day is None:
        raise ValueError("is not a date like 2026-11-20")
    if not FIRST_ETA <= day <= LAST_ETA:
        raise ValueError(f"lies outside of {FIRST_ETA} to {LAST_ETA}")
    return day


def _status(value: str) -> str:
    if value not in get_args(Status):
        raise ValueError(f"is none of {', '.join(get_args(Status))}")
    return value


def _email(value: str) -> str:
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise ValueError("is not one e-mail address like customs.desk@example.com, in ASCII")
    return value


_READERS: Final[Mapping[str, Callable[[str], str | date]]] = {
    "reference": _text_of(100),
    "customer": _text_of(200),
    "carrier": _text_of(100),
    "origin": _text_of(100),
    "destination": _text_of(100),
    "current_eta": _date,
    "status": _status,
    "recipient_email": _email,
}
COLUMNS: Final = tuple(_READERS)
