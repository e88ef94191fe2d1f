"""A file of shipments in parts that the alerts API takes, however large the file is."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Literal

Kind = Literal["csv", "ndjson"]

ROWS_PER_PART: Final = 5_000
BYTES_PER_PART: Final = 8_000_000
MAX_LINE_BYTES: Final = 25_000
"""What is longer is refused for its length, and so need not travel whole."""

_BLOCK_BYTES: Final = 1 << 20
_UTF8_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """line: where it stands in the file, from 1. reference: None where the row does not tell it."""

    line: int
    text: bytes
    reference: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are sent together. header: the file's, None for NDJSON. read: how many bytes of the file are read by now."""

    header: bytes | None
    rows: list[Row]
    read: int

    def body(self) -> bytes:
        """What is sent."""
        header = [] if self.header is None else [self.header]
        return b"\n".join((*header, *(row.text for row in self.rows), b""))

    def line_of(self, sent: int) -> int:
        """Where in the file stands what is line `sent` of the body."""
        place = sent - 1 - (self.header is not None)
        return self.rows[min(place, len(self.rows) - 1)].line if place >= 0 else 1


@dataclass(slots=True)
class PartReader:
    """Cuts a file into parts.

    A reference stands in a part once: another row of it waits for the next part, when it is known whether the first one was
    taken. reference_column: what the file calls the reference.
    """

    path: Path
    kind: Kind
    delimiter: str = ","
    reference_column: str = "reference"
    _header: bytes | None = None
    _place: int | None = None
    _waiting: list[Row] = field(default_factory=list)

    def parts(self) -> Iterator[Part]:
        """Every row once, blank lines left out."""
        rows: list[Row] = []
        with self.path.open("rb") as file:
            size = 0
            for row in self._rows(file):
                rows.append(row)
                size += len(row.text)
                if len(rows) >= ROWS_PER_PART or size >= BYTES_PER_PART:
                    yield self._part(rows, file.tell())
                    rows, size = [], 0
            while rows or self._waiting:
                yield self._part(rows, file.tell())
                rows = []

    def _part(self, rows: list[Row], read: int) -> Part:
        taken: dict[str, Row] = {}
        sent: list[Row] = []
        waiting, self._waiting = self._waiting, []
        for row in (*waiting, *rows):
            if row.reference is not None and taken.setdefault(row.reference, row) is not row:
                self._waiting.append(row)
            else:
                sent.append(row)
        return Part(self._header, sent, read)

    def _rows(self, file: BinaryIO) -> Iterator[Row]:
        for number, line in enumerate(_lines(file), start=1):
            text = line.removeprefix(_UTF8_MARK) if number == 1 else line
            if not text.strip():
                continue
            if self.kind == "csv" and self._header is None:
                self._header = text[:MAX_LINE_BYTES]
                names = [name.strip() for name in self._cells(text)]
                self._place = names.index(self.reference_column) if self.reference_column in names else None
            else:
                yield Row(number, text[:MAX_LINE_BYTES], self._reference(text))

    def _cells(self, line: bytes) -> list[str]:
        try:
            return next(csv.reader((line.decode(),), delimiter=self.delimiter, strict=True))
        except (UnicodeDecodeError, csv.Error):
            return []

    def _reference(self, line: bytes) -> str | None:
        if len(line) > MAX_LINE_BYTES:
            return None
        if self.kind == "csv":
            cells = self._cells(line)
            return cells[self._place].strip() if self._place is not None and self._place < len(cells) else None
        try:
            value = json.loads(line).get(self.reference_column)
        except (ValueError, AttributeError, RecursionError):
            return None
        return value.strip() if isinstance(value, str) else None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines as an editor counts them: they end in \\n, \\r\\n or \\r."""
    rest = b""
    while block := file.read(_BLOCK_BYTES):
        *lines, rest = (rest + block).splitlines(keepends=True)
        yield from (line.rstrip(b"\r\n") for line in lines)
    if rest:
        yield from rest.splitlines()
