"""Lines of CSV (RFC 4180) as cells, and the first one as the names of the columns."""

import csv
from typing import Final

from services.alerts.shipments.errors import UnreadableFile
from services.alerts.shipments.file_format import OPTIONAL, REQUIRED, FileFormat, listed, told_name

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

Columns = tuple[tuple[str, str], ...]
"""(our name, their name) of each column; our name is "" for one to leave out."""


def columns(number: int, line: str, written: FileFormat) -> Columns:
    """What the columns are. Raises UnreadableFile."""
    wanted = (
        f"the columns are {', '.join(REQUIRED)}, and, if you like, {', '.join(OPTIONAL)}; each once, in any order, separated by "
        f"{_DELIMITERS[written.delimiter]}; `columns=their_name:our_name,…` tells which are called otherwise"
    )
    if not line:
        raise UnreadableFile(f"the file is empty; its first line names the columns: {wanted}")
    try:
        theirs = [name.strip() for name in _split(line, written)]
    except ValueError as error:
        raise UnreadableFile(f"line {number}, which should name the columns, {error}; {wanted}") from None
    found = tuple((written.ours(name), name) for name in theirs)
    if faults := _faults(found, written):
        raise UnreadableFile(f"line {number}, the header, {' and '.join(faults)}; {wanted}")
    return tuple((ours or "", name) for ours, name in found)


def _faults(found: tuple[tuple[str | None, str], ...], written: FileFormat) -> list[str]:
    ours = [name for name, _ in found if name]
    unknown = [told_name(name, place) for place, (known, name) in enumerate(found, start=1) if known is None]
    lists = (
        ("has unknown columns:", unknown),
        ("has twice", sorted({name for name in ours if ours.count(name) > 1})),
        ("lacks", [name for name in REQUIRED if name not in ours]),
        ("lacks what `columns` names:", _unnamed(found, written)),
    )
    faults = [f"{what} {listed(names)}" for what, names in lists if names]
    others = [sign for sign in _DELIMITERS if len(found) == 1 and sign != written.delimiter and sign in found[0][1]]
    return [*faults, f"looks separated by {_DELIMITERS[others[0]]} (say so with `delimiter`)"] if others else faults


def _unnamed(found: tuple[tuple[str | None, str], ...], written: FileFormat) -> list[str]:
    theirs = {name for _, name in found}
    return [ours or "a column to leave out" for name, ours in written.columns.items() if name not in theirs]


def cells(line: str, columns: Columns, written: FileFormat) -> dict[str, tuple[str, str]]:
    """The cells of a line. Raises ValueError with what is wrong, to be put after 'the line'."""
    found = _split(line, written)
    if len(found) != len(columns):
        raise ValueError(f"has another number of fields than the header: {len(found)} instead of {len(columns)}")
    return {ours: (theirs, cell) for (ours, theirs), cell in zip(columns, found, strict=True) if ours}


def _split(line: str, written: FileFormat) -> list[str]:
    try:
        return next(csv.reader((line,), delimiter=written.delimiter, strict=True))
    except csv.Error:
        raise ValueError("has a quote that is not closed or stands inside a field; write it twice in a quoted field") from None
