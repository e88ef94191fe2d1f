"""Lines of NDJSON (one JSON object each) as cells."""

import json
from typing import Any, Final

from services.alerts.shipments.file_format import OPTIONAL, REQUIRED, FileFormat, listed, told_name

Fault = tuple[str | None, str]
"""(the column's name in the file, None for the line as a whole; what is wrong with it)"""

_LISTS: Final = frozenset({"recipients", "missing_documents", "holds"})
_KINDS: Final = {bool: "true or false", int: "a number", float: "a number", dict: "an object", list: "a list"}


class _FieldTwiceError(ValueError):
    pass


def cells(line: str, written: FileFormat) -> tuple[dict[str, tuple[str, str]], list[Fault]]:
    """The cells of a line, and what is wrong with the rest of it.

    null is an empty cell; recipients, missing_documents and holds may be lists of texts. Raises ValueError where the line is no
    object, with what is wrong, to be put after 'the line'.
    """
    found: dict[str, tuple[str, str]] = {}
    faults: list[Fault] = []
    unknown: list[str] = []
    seen: set[str] = set()
    for place, (theirs, value) in enumerate(_object(line).items(), start=1):
        ours = written.ours(theirs)
        if ours is None:
            unknown.append(told_name(theirs, place))
        elif ours in seen:
            faults.append((None, f"has {ours} twice, under different names"))
        elif ours:
            seen.add(ours)
            try:
                found[ours] = (theirs, _cell(ours, value))
            except ValueError as error:
                faults.append((theirs, str(error)))
    return found, [*faults, *_misnamed(unknown, seen)]


def _misnamed(unknown: list[str], seen: set[str]) -> list[Fault]:
    faults: list[Fault] = []
    if unknown:
        known = f"known are {', '.join((*REQUIRED, *OPTIONAL))}, and what `columns=their_name:our_name,…` names"
        faults.append((None, f"has the unknown {'field' if len(unknown) == 1 else 'fields'} {listed(unknown)}; {known}"))
    if missing := [name for name in REQUIRED if name not in seen]:
        faults.append((None, f"lacks {', '.join(missing)}"))
    return faults


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except _FieldTwiceError:
        raise ValueError("has a field twice") from None
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _FieldTwiceError
    return found


def _cell(ours: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if ours in _LISTS and isinstance(value, list) and all(isinstance(one, str) and ";" not in one for one in value):
        return ";".join(value)
    wanted = "a text or a list of texts without semicolons" if ours in _LISTS else "a text"
    raise ValueError(f"is {_KINDS[type(value)]}, but takes {wanted}")
