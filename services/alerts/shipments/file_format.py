"""How a file of shipments is written: which of its columns is which of ours, how its days look."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

from services.alerts.shipments.day_models import UTC, DateFormat
from services.alerts.shipments.errors import BadMapping, UnknownTimeZone

Delimiter = Literal[",", ";", "\t", "|"]
Kind = Literal["csv", "ndjson"]

REQUIRED: Final = ("reference", "customer", "carrier", "origin", "destination", "current_eta", "status", "recipients")
OPTIONAL: Final = ("mode", "last_free_day", "missing_documents", "holds")
ALIASES: Final = {"recipient_email": "recipients"}
"""What a column of ours was called before."""

_MAX_NAMED: Final = 10
# What can be told back as a name; the first line of a file without a header is somebody's data.
_NAME: Final = re.compile(r"[^\W\d][\w .()/#-]{0,39}")
_NO_ZONES: Final = frozenset({"localtime", "Factory", "posixrules"})
"""What lies among the zones on many machines: the machine's own zone, the lack of one, and the rules of old settings."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """columns: our name by theirs; "" for a column that is to be left out. time_zone: whose days its times are told in."""

    kind: Kind = "csv"
    delimiter: Delimiter = ","
    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: DateFormat = "iso"
    time_zone: ZoneInfo = UTC

    def ours(self, name: str) -> str | None:
        """Our name of their column, "" for one to leave out, None for one that is not known."""
        known = self.columns.get(name, name)
        known = ALIASES.get(known, known)
        return known if known in REQUIRED or known in OPTIONAL or (not known and name in self.columns) else None


def told_name(name: str, place: int) -> str:
    """A name of a file as a report tells it; its place, counted from 1, where it looks like none."""
    return name if _NAME.fullmatch(name) else f"place {place}"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def read_mapping(text: str) -> dict[str, str]:
    """`Container:reference,ETA port:current_eta` as a dictionary. Raises BadMapping."""
    mapping: dict[str, str] = {}
    for number, pair in enumerate(_pairs(text), start=1):
        theirs, colon, ours = (part.strip() for part in pair.rpartition(":"))
        ours = ALIASES.get(ours, ours)
        if not colon or not theirs or (ours and ours not in REQUIRED + OPTIONAL):
            known = ", ".join(REQUIRED + OPTIONAL)
            raise BadMapping(
                f"pair {number} of `columns` is not their_name:our_name; our names are {known}, and none to leave a column out"
            )
        if theirs in mapping or (ours and ours in mapping.values()):
            raise BadMapping(f"pair {number} of `columns` names a column that another pair names already")
        mapping[theirs] = ours
    return mapping


def _pairs(text: str) -> list[str]:
    try:
        return next(csv.reader((text,)), [])
    except csv.Error:
        raise BadMapping("`columns` has a line break or is too long; it is one line of their_name:our_name,…") from None


def read_time_zone(name: str) -> ZoneInfo:
    """The zone of the IANA database. Raises UnknownTimeZone."""
    # By its name, because ZoneInfo takes for a zone whatever file there is: one in another case, or of the machine's own zone.
    if name not in _zones():
        raise UnknownTimeZone("`time_zone` is no name of the IANA time zone database like Europe/Berlin")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_ZONES)
