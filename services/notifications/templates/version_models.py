"""Which versions of its template a message is made of, as its delivery keeps them.

They are settled when the message is first taken up: whatever is published while it waits changes nothing of what it says. Until
its text is made, all versions stand there that its reader may get something of; afterwards those that gave something, and what.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

CHANNEL_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("subject", "text", "html"),
    "sms": ("sms",),
    "in_app": ("push_title", "push_body"),
}


@dataclass(frozen=True, slots=True)
class VersionUse:
    """One version. organization_id: whose override it is; None for the default. parts: that it gives."""

    organization_id: UUID | None
    locale: str
    version: int
    parts: tuple[str, ...] = ()


Uses = tuple[VersionUse, ...]


def used_over(uses: Iterable[VersionUse], channel: str) -> Uses:
    """Those that give parts over a channel, with these parts alone."""
    parts = CHANNEL_PARTS[channel]
    shown = (
        VersionUse(one.organization_id, one.locale, one.version, tuple(part for part in one.parts if part in parts))
        for one in uses
    )
    return tuple(one for one in shown if one.parts)


def as_json(uses: Uses) -> str | None:
    """For a column; None for none."""
    if not uses:
        return None
    return json.dumps(
        [
            {
                "organization_id": str(one.organization_id) if one.organization_id is not None else None,
                "locale": one.locale,
                "version": one.version,
                "parts": one.parts,
            }
            for one in uses
        ]
    )


def from_json(column: Sequence[Mapping[str, Any]] | None) -> Uses:
    """Of a column."""
    return tuple(
        VersionUse(
            UUID(one["organization_id"]) if one["organization_id"] is not None else None,
            one["locale"],
            one["version"],
            tuple(one["parts"]),
        )
        for one in column or ()
    )
