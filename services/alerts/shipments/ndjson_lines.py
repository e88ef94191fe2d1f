"""Lines of NDJSON (one JSON object each) as cells."""

import json
from typing import Any, Final

from services.alerts.shipments.file_format import OPTIONAL, REQUIRED, FileFormat

_LISTS: Final = frozenset({"recipients", "missing_documents", "holds"})
_KINDS: Final = {bool: "true or false", int: "a number", float: "a number", dict: "an object", list: "a list"}


class _FieldTwiceError(ValueError):
    pass


def cells(line: str, written: FileFormat) -> dict[str, tuple[str, str]]:
    """The cells of a line. Raises ValueError with what is wrong, to be put after 'the line'.

    null is an empty cell; recipients, missing_documents and holds may be lists of texts.
    """
    found: dict[str, tuple[str, str]] = {}
    unknown = 0
    for theirs, value in _object(line).items():
        ours = written.ours(theirs)
        if ours is None:
            unknown += 1
        elif ours in found:
            raise ValueError(f"has {ours} twice, under different names")
        elif ours:
            found[ours] = (theirs, _cell(ours, value))
    if unknown:
        known = ", ".join((*REQUIRED, *OPTIONAL))
        raise ValueError(f"has {unknown} fields that are not known; {known} are, and what `columns=their_name:our_name,…` names")
    if missing := [name for name in REQUIRED if name not in found]:
        raise ValueError(f"lacks {', '.join(missing)}")
    return found


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
    raise ValueError(f"has {_KINDS[type(value)]} as {ours}, which takes {wanted}")
