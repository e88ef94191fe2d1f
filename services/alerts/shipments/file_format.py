"""How a file of shipments is written: which of its columns is which of ours, how its days look."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from zoneinfo import ZoneInfo

from services.alerts.shipments.day_models import UTC, DateFormat
from services.alerts.shipments.errors import BadMapping, UnknownTimeZone

Delimiter = Literal[",", ";", "\t", "|"]
Kind = Literal["csv", "ndjson"]

REQUIRED: Final = ("reference", "customer", "carrier", "origin", "destination", "current_eta", "status", "recipients")
OPTIONAL: Final = ("mode", "last_free_day", "missing_documents", "holds")
ALIASES: Final = {"recipient_email": "recipients"}
"""What a column of ours was called before."""


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


def read_mapping(text: str) -> dict[str, str]:
    """`Container:reference,ETA port:current_eta` as a dictionary. Raises BadMapping."""
    mapping: dict[str, str] = {}
    for number, pair in enumerate(next(csv.reader((text,)), ()), start=1):
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


def read_time_zone(name: str) -> ZoneInfo:
    """The zone of the IANA database. Raises UnknownTimeZone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # It is looked up as a file: what is a folder, too long or leads elsewhere is no zone either.
        raise UnknownTimeZone("`time_zone` is no name of the IANA time zone database like Europe/Berlin") from None
