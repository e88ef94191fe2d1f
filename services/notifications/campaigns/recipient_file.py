"""Reading a list of recipients, row by row: what is good is kept, the rest is told with its place and without quoting it.

CSV (RFC 4180) in UTF-8 whose first line names the columns, or a JSON array of objects with the same names.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.notifications.addresses import AddressHasher, plain_spelling
from services.notifications.campaigns.errors import ListTooLarge, ListUnreadable
from services.notifications.campaigns.json_values import storable_object
from services.notifications.campaigns.recipient_repository import RecipientRow
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.typed_addresses import check_typed
from services.notifications.locales import canonical
from services.notifications.people.checks import checked
from services.notifications.people.errors import PersonUnusable
from services.notifications.sms.errors import NumberUnusable
from services.notifications.sms.numbers import number
from shared.contracts.notifications import UpsertPerson
from shared.contracts.notifications.fields import ADDRESS

MAX_ROWS: Final = 100_000
MAX_NAME_CHARS: Final = 200
MAX_LOCALE_CHARS: Final = 35
MAX_CONTEXT_BYTES: Final = 8_000
CONTEXT: Final = "context."
"""What a column's name begins with that is a variable of the template."""

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_COLUMNS: Final = ("to_email", "to_phone", "to_person", "to_name", "locale")
_ADDRESS: Final = re.compile(ADDRESS)
_ADDRESSES: Final = {"email": "to_email", "sms": "to_phone"}
_WANTED: Final = f"the columns are {', '.join(_COLUMNS)}, and {CONTEXT}<name> for each variable of the template"


@dataclass(frozen=True, slots=True)
class Problem:
    """line: of the file, or the place in the array, counted from 1. column: None where the row as a whole is wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(slots=True)
class RecipientList:
    """What a file said. repeated: rows whose recipient stands further up already, under whatever spelling."""

    lines: int = 0
    repeated: int = 0
    rejected: int = 0
    rows: dict[str, RecipientRow] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


Row = tuple[int, Mapping[str, Any] | str]
"""Its line, and its cells by their names, or what is wrong with it as a whole."""


def rows_of(body: bytes, kind: str) -> list[Row]:
    """Take a file apart. kind: `csv` or `json`. Raises ListUnreadable and ListTooLarge."""
    rows: list[Row] = []
    for row in _csv_rows(body) if kind == "csv" else _json_rows(body):
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise ListTooLarge(f"a campaign's list has at most {MAX_ROWS:,} rows; make several campaigns of it")
    return rows


class _Refusals:
    """Collects what is wrong with one row."""

    def __init__(self, line: int) -> None:
        self._line = line
        self.problems: list[Problem] = []

    def __call__(self, column: str | None, reason: str) -> None:
        self.problems.append(Problem(self._line, column, reason))


class ListReader:
    """Reads lists for one channel. default_country: whose numbers may be written without a plus."""

    def __init__(self, channel: str, hasher: AddressHasher, default_country: str) -> None:
        self._channel = channel
        self._address = _ADDRESSES[channel]
        self._hasher = hasher
        self._country = default_country

    def read(self, rows: Sequence[Row]) -> RecipientList:
        """Read a whole list, as `rows_of` has taken it apart."""
        found = RecipientList(lines=len(rows))
        for line, cells in rows:
            refuse = _Refusals(line)
            row = self._row(cells, refuse)
            if row is None or refuse.problems:
                found.rejected += 1
                found.problems += refuse.problems
            elif row.recipient in found.rows:
                found.repeated += 1
            else:
                found.rows[row.recipient] = row
        return found

    def _row(self, cells: Mapping[str, Any] | str, refuse: "_Refusals") -> RecipientRow | None:
        if isinstance(cells, str):
            refuse(None, cells)
            return None
        context = {name.removeprefix(CONTEXT): value for name, value in cells.items() if name.startswith(CONTEXT)}
        context |= self._context(cells.get("context"), refuse)
        texts = {name: _text(cells.get(name), name, refuse) for name in _COLUMNS}
        unknown = [name for name in cells if name not in (*_COLUMNS, "context") and not name.startswith(CONTEXT)]
        if unknown:
            refuse(None, f"it has a field that is not known; {_WANTED}")
        address, person = texts[self._address], texts["to_person"]
        if (address is None) == (person is None):
            refuse(None, f"it needs either {self._address} or to_person")
            return None
        address = self._checked_address(address, refuse) if address is not None else None
        if person is not None:
            _check_person(person, refuse)
        recipient = person if person is not None else self._hasher.hash(self._channel, address or "@")
        return RecipientRow(
            recipient=recipient,
            to_person=person,
            to_email=address if self._channel == "email" else None,
            to_phone=address if self._channel == "sms" else None,
            to_name=_checked_name(texts["to_name"], refuse),
            locale=_checked_locale(texts["locale"], refuse),
            context=self._storable(context, refuse),
        )

    def _checked_address(self, address: str, refuse: "_Refusals") -> str:
        try:
            if self._channel == "sms":
                return number(address, self._country)
            check_typed(address)
            if not _ADDRESS.fullmatch(address):
                raise AddressUnusable("the address has a quoted @ or a blank, which few servers take; name another one")
        except (AddressUnusable, NumberUnusable) as error:
            refuse(self._address, error.detail)
        # As people's are kept, so that one who stands there by address and by reference is found to be the same.
        return plain_spelling(address)

    def _context(self, given: Any, refuse: "_Refusals") -> dict[str, Any]:
        if given is None or isinstance(given, dict):
            return given or {}
        refuse("context", "it must be an object")
        return {}

    def _storable(self, context: dict[str, Any], refuse: "_Refusals") -> dict[str, Any] | None:
        try:
            storable_object(context, MAX_CONTEXT_BYTES)
        except ValueError as error:
            refuse("context", str(error))
        return context or None


def _csv_rows(body: bytes) -> Iterator[Row]:
    header: list[str] | None = None
    # A row is a line: a quote that is never closed costs its own row and not the rest of the list.
    for place, line in enumerate(body.removeprefix(_UTF8_MARK).splitlines(), 1):
        if not line.strip():
            continue
        try:
            cells = next(csv.reader((line.decode(),), strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            is_text = isinstance(error, csv.Error)
            what = "it has a quote that is not closed or stands inside a field" if is_text else "it is not UTF-8"
            if header is None:
                raise ListUnreadable(f"line {place}, which should name the columns: {what}; {_WANTED}") from None
            yield place, what
            continue
        if header is None:
            header = _header(cells)
        elif len(cells) != len(header):
            yield place, f"it has {len(cells)} fields, and the first line names {len(header)}"
        else:
            yield place, {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
    if header is None:
        raise ListUnreadable(f"it is empty; {_WANTED}")


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    wrong = [place for place, name in enumerate(names, 1) if name not in _COLUMNS and not name.startswith(CONTEXT)]
    if wrong or len(set(names)) != len(names):
        what = f"column {wrong[0]} has a name that is not known" if wrong else "a column stands there twice"
        raise ListUnreadable(f"{what}; {_WANTED}")
    return names


def _json_rows(body: bytes) -> Iterator[Row]:
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        raise ListUnreadable("it is not JSON") from None
    if not isinstance(rows, list):
        raise ListUnreadable('it must be an array of objects: [{"to_email": "…"}]')
    for place, row in enumerate(rows, 1):
        yield place, row if isinstance(row, dict) else "it is no object"


def _text(value: Any, column: str, refuse: "_Refusals") -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        refuse(column, "it must be a text")
        return None
    return value.strip() or None


def _check_person(reference: str, refuse: "_Refusals") -> None:
    try:
        checked(UpsertPerson(reference=reference, entity_version=1))
    except (PersonUnusable, ValueError):
        refuse("to_person", "it must be <service>.<kind>:<id> in visible characters")


def _checked_name(name: str | None, refuse: "_Refusals") -> str | None:
    if name is not None and (len(name) > MAX_NAME_CHARS or not name.isprintable()):
        refuse("to_name", f"it must be one line of at most {MAX_NAME_CHARS} characters")
    return name


def _checked_locale(locale: str | None, refuse: "_Refusals") -> str | None:
    tag = canonical(locale) if locale is not None else None
    if locale is not None and (tag is None or len(tag) > MAX_LOCALE_CHARS):
        refuse("locale", "it must be a BCP 47 tag, such as hi-IN")
    return tag
