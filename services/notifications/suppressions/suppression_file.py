"""A file of suppressions: CSV (RFC 4180) in UTF-8 with a header.

Columns: address, and, if you like, channel (`email` where the address has an @, else `sms`), scope, category, reason
(`imported`), note, expires_at (ISO 8601 with a time zone), organization_id, each once and in any order. Further columns, such as
an export has, are left out.

An export can be read again: each entry says the same of the same organization. What no longer stops anybody is `void`: an entry
that has expired, and one whose owner was erased, of which an export has the id and no address.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from services.notifications.suppressions.entry_checks import Entry, check_entry, usable_address
from services.notifications.suppressions.errors import SuppressionFileUnreadable, SuppressionForAll, SuppressionUnusable
from services.notifications.suppressions.models import Reason, Scope

MAX_ROWS: Final = 100_000
MAX_NOTE: Final = 500
QUOTED: Final = ("=", "+", "-", "@", "\t", "\r", "'")
"""With what a cell begins that an export writes an apostrophe before."""
_OURS: Final = ("address", "channel", "scope", "category", "reason", "note", "expires_at", "organization_id")
_READ: Final = frozenset({*_OURS, "id"})
_CHANNELS: Final = frozenset({"email", "sms"})
_CATEGORY: Final = re.compile(r"[a-z][a-z0-9_]{0,49}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAX_CELL: Final = 2000


class _BadCell(Exception):
    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


class _Void(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row. line: counted from 1, the header included. column: None for the row as a whole."""

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom a file is read. organization_id: whose rows are those that name none. default_scope: of rows that name none."""

    organization_id: UUID | None
    may_write_for_all: bool
    default_scope: Scope


@dataclass(slots=True)
class SuppressionFile:
    """What a file says. entries: those that can be kept, with the organization of each. void: what stops nobody any more."""

    rows: int = 0
    entries: list[tuple[Entry, UUID | None]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    void: list[Problem] = field(default_factory=list)


def read_suppressions(body: bytes, owner: Owner, now: datetime) -> SuppressionFile:
    """Read a whole file. Raises SuppressionFileUnreadable where it is none, has no header of ours, or too many rows."""
    found = SuppressionFile()
    for line, cells in _rows(body):
        found.rows += 1
        if found.rows > MAX_ROWS:
            raise SuppressionFileUnreadable(f"the file has more than {MAX_ROWS:,} rows; split it, each part with the header")
        try:
            found.entries.append(_kept(cells, owner, now))
        except _BadCell as bad:
            found.problems.append(Problem(line, bad.column, bad.reason))
        except _Void as void:
            found.void.append(Problem(line, None, str(void)))
    return found


def _rows(body: bytes) -> Iterator[tuple[int, Mapping[str, str] | None]]:
    """Each row's line, and its cells by their columns; None where it has more of them than there are columns."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SuppressionFileUnreadable("the file is not in UTF-8; save it so") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "address" not in header or len(set(header)) != len(header):
            raise SuppressionFileUnreadable(f"the first line names the columns, each once: {', '.join(_OURS)}; address is needed")
        for cells in reader:
            if any(cell.strip() for cell in cells):
                padded = cells + [""] * (len(header) - len(cells))
                row = {name: _plain(cell) for name, cell in zip(header, padded, strict=False) if name in _READ}
                # Behind the last name a spreadsheet leaves empty cells. A text there means that a comma has moved all others.
                surplus = any(cell.strip() for cell in cells[len(header) :])
                yield reader.line_num, row if not surplus else None
    except csv.Error:
        raise SuppressionFileUnreadable(f"line {reader.line_num} is no CSV; put texts with commas or quotes in quotes") from None


def _plain(cell: str) -> str:
    """The cell without the apostrophe that an export writes before what a spreadsheet would take for a formula."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(QUOTED) else cell


def _kept(cells: Mapping[str, str] | None, owner: Owner, now: datetime) -> tuple[Entry, UUID | None]:
    if cells is None:
        raise _BadCell(None, "has more cells than the first line has names; put texts with commas in quotes")
    if not cells["address"] and cells.get("id"):
        raise _Void("names nobody: the owner of the address was erased before the export")
    entry = _entry(cells, owner)
    if entry.expires_at is not None and entry.expires_at <= now:
        raise _Void("stops nobody: expires_at has passed")
    organization_id = _organization(cells.get("organization_id"), owner)
    for_all = owner.may_write_for_all
    try:
        # What the list learns by itself is taken as an export has it, with its scope. A row without one may be a slip.
        return entry, check_entry(entry, organization_id, now, may_write_for_all=for_all, learnt=bool(cells.get("scope")))
    except (SuppressionUnusable, SuppressionForAll) as error:
        raise _BadCell(None, error.detail) from None


def _entry(cells: Mapping[str, str], owner: Owner) -> Entry:
    for name, cell in cells.items():
        if _CONTROL.search(cell) or len(cell) > _MAX_CELL:
            raise _BadCell(name, "must be one line of at most 2,000 visible characters")
    address = cells["address"]
    channel = cells.get("channel") or ("email" if "@" in address else "sms")
    if channel not in _CHANNELS:
        raise _BadCell("channel", "is neither email nor sms")
    category = cells.get("category") or None
    if category is not None and not _CATEGORY.fullmatch(category):
        raise _BadCell("category", "is no name of a category")
    note = cells.get("note") or None
    if note is not None and len(note) > MAX_NOTE:
        raise _BadCell("note", f"has more than {MAX_NOTE} characters")
    try:
        usable = usable_address(channel, address)
    except SuppressionUnusable as error:
        raise _BadCell("address", error.detail) from None
    return Entry(
        channel=channel,
        address=usable,
        scope=_scope(cells.get("scope"), owner),
        reason=_reason(cells.get("reason")),
        category=category,
        note=note,
        expires_at=_moment(cells.get("expires_at")),
    )


def _scope(cell: str | None, owner: Owner) -> Scope:
    try:
        return Scope(cell) if cell else owner.default_scope
    except ValueError:
        raise _BadCell("scope", f"is none of {', '.join(Scope)}") from None


def _reason(cell: str | None) -> Reason:
    try:
        return Reason(cell) if cell else Reason.IMPORTED
    except ValueError:
        raise _BadCell("reason", f"is none of {', '.join(Reason)}") from None


def _moment(cell: str | None) -> datetime | None:
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
        return moment.astimezone(UTC) if moment.tzinfo is not None else _no_zone()
    except (ValueError, OverflowError):
        raise _BadCell("expires_at", "is no moment such as 2026-12-31T00:00:00Z") from None


def _no_zone() -> datetime:
    raise _BadCell("expires_at", "has no time zone; write 2026-12-31T00:00:00Z")


def _organization(cell: str | None, owner: Owner) -> UUID | None:
    if not cell:
        return owner.organization_id
    try:
        named = UUID(cell)
    except ValueError:
        raise _BadCell("organization_id", "is no id of an organization") from None
    if named == owner.organization_id or (owner.organization_id is None and owner.may_write_for_all):
        return named
    raise _BadCell("organization_id", "is another organization than the one that the file is imported for")
