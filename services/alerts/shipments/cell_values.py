"""What a cell of a file says, checked. Each reader raises ValueError with what is wrong, to be put after the cell's name."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from services.alerts.shipments.day_models import day_of
from services.alerts.shipments.file_format import FileFormat
from services.alerts.shipments.models import HoldKind, Mode, Status

MAX_RECIPIENTS: Final = 20
MAX_DOCUMENTS: Final = 50

Reader = Callable[[str], Any]

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# The pattern of <input type=email> (WHATWG HTML, 4.10.5.1.5), with at least one dot, because no mail leaves for a bare host,
# and with the longest local part of RFC 5321, 4.5.3.1.1.
_EMAIL: Final = re.compile(
    r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+"
)


def readers(written: FileFormat) -> Mapping[str, Reader]:
    """The reader of each of our columns, for files of that format."""
    day = day_of(written.date_format, written.time_zone)
    return {
        "reference": text_of(100),
        "customer": text_of(200),
        "carrier": text_of(100),
        "origin": text_of(100),
        "destination": text_of(100),
        "current_eta": day,
        "status": _one_of(get_args(Status)),
        "recipients": recipients,
        "mode": _one_of(get_args(Mode)),
        "last_free_day": day,
        "missing_documents": documents,
        "holds": _list_of(_one_of(get_args(HoldKind)), len(get_args(HoldKind))),
    }


def plain(cell: str) -> str:
    """The cell without the spaces around it, free of what no field may hold."""
    if _CONTROLS.search(cell):
        raise ValueError("has a NUL character" if "\0" in cell else "has a control character")
    return cell.strip()


def text_of(limit: int) -> Callable[[str], str]:
    """A text of so many characters at most."""

    def read(value: str) -> str:
        if len(value) > limit:
            raise ValueError(f"has {len(value)} characters, at most {limit} are kept")
        return value

    return read


def email(value: str) -> str:
    """One address that a mail server can be asked for."""
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise ValueError("is not one e-mail address like customs.desk@example.com, in ASCII")
    return value


def _list_of(read: Callable[[str], str], limit: int) -> Callable[[str], tuple[str, ...]]:
    def read_all(value: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(read(part.strip()) for part in value.split(";") if part.strip()))
        if len(found) > limit:
            raise ValueError(f"has {len(found)} values, at most {limit} are kept")
        return found

    return read_all


recipients: Final = _list_of(email, MAX_RECIPIENTS)
documents: Final = _list_of(text_of(100), MAX_DOCUMENTS)


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in known:
            raise ValueError(f"is none of {', '.join(known)}")
        return value

    return read
