"""What digests say: the contexts of their templates."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from services.notifications.digests.repository import Entry
from services.notifications.digests.trip_summary import TripSummary
from services.notifications.preferences.models import Cadence

MAX_LINES: Final = 20
MAX_TITLE_CHARS: Final = 200


def digest_context(
    day: date, entries: Sequence[Entry], trips: TripSummary | None, titles: Mapping[str, str], dashboard_url: str
) -> dict[str, Any] | None:
    """The daily digest's variables, as its template's `variables.json` has them, or None where there is nothing to say.

    titles: what categories are called where the reader is. with_week: whether entries of the week are among them. Of entries and
    of trips there are at most MAX_LINES; `more` says how many were left out.
    """
    has_trips = trips is not None and bool(trips.trips or trips.completed)
    if not entries and not has_trips:
        return None
    lines = sorted(trips.trips, key=lambda trip: trip.pickup_at) if trips is not None else []
    return {
        "digest_on": day.isoformat(),
        "with_week": any(entry.cadence is Cadence.WEEKLY for entry in entries),
        "trips": [trip.model_dump(mode="json") for trip in lines[:MAX_LINES]] if trips is not None else None,
        "completed": trips.completed if trips is not None else None,
        "distance_m": trips.distance_m if trips is not None else None,
        "groups": _groups(entries, titles),
        "more": max(0, len(entries) - MAX_LINES) + max(0, len(lines) - MAX_LINES),
        "dashboard_url": dashboard_url,
    }


def hourly_context(
    opened_at: datetime, entries: Sequence[Entry], titles: Mapping[str, str], dashboard_url: str
) -> dict[str, Any]:
    """The hourly digest's variables; see digest_context. opened_at: since when what it tells of was collected."""
    return {
        "since": opened_at.isoformat(),
        "count": len(entries),
        "groups": _groups(entries, titles),
        "more": max(0, len(entries) - MAX_LINES),
        "dashboard_url": dashboard_url,
    }


def title_of(entry: Entry) -> str:
    """One line: the message's subject, or, where none was made, what kind of message it is."""
    title = entry.title or _readable(entry.template_name or entry.category)
    return title if len(title) <= MAX_TITLE_CHARS else f"{title[: MAX_TITLE_CHARS - 1]}…"


def _groups(entries: Sequence[Entry], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The first MAX_LINES entries by category, the category first in which something happened first."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in entries[:MAX_LINES]:
        groups.setdefault(entry.category, []).append({"title": title_of(entry), "body": None})
    return [
        {"category": category, "title": titles.get(category) or _readable(category), "entries": told}
        for category, told in groups.items()
    ]


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()
