"""Keeping for a digest what its recipient does not want at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.notifications.digests.mornings import next_monday, next_morning
from services.notifications.digests.repository import DigestRepository, NewEntry
from services.notifications.digests.window_repository import WindowRepository
from services.notifications.digests.windows import LENGTH, hourly_digest
from services.notifications.gates.gate import Candidate
from services.notifications.gates.preference_gate import Collectable
from services.notifications.gates.repository import GateRepository
from services.notifications.preferences.models import Cadence
from services.notifications.preferences.quiet_hours import quiet_until
from shared.runtime.db import Session
from shared.runtime.outbox import publish

SLACK: Final = timedelta(minutes=15)
"""A digest is made at most so long after its moment, when nothing is in the way: what must be told of by then is in time."""

_LONGEST_FIRST: Final = (Cadence.WEEKLY, Cadence.DAILY, Cadence.HOURLY)


async def collect(session: Session, wanted: Sequence[Collectable], now: datetime) -> Mapping[UUID, Cadence]:
    """Make an entry of each, and ask for the hourly digests of those who had none before them. Returns in which digest each is
    told of. What would be void by then is told of in the next more frequent one that is in time; what is in time for none is
    missing, and is to be sent at once.

    The same delivery again is the same entry, and stays in its digest, in which it may have been told of since.
    """
    digests = DigestRepository(session)
    before = await digests.cadences([one.candidate.id for one in wanted])
    new = [one for one in wanted if one.candidate.id not in before]
    ends = await _ends_of_windows(session, new, now)
    kept = {one.candidate.id: found for one in new if (found := _in_time(one, now, ends[one.candidate.id])) is not None}
    candidates = [one.candidate for one in new if one.candidate.id in kept]
    hourly = [one for one in candidates if kept[one.id] is Cadence.HOURLY]
    # The window first: whoever closes it waits for its row, and sees the entries then.
    await _enter_windows(session, hourly, ends, now)
    if candidates:
        await digests.collect([_entry(one, kept[one.id]) for one in candidates], now)
    return {**before, **kept}


async def _ends_of_windows(session: Session, wanted: Sequence[Collectable], now: datetime) -> Mapping[UUID, datetime]:
    """When a window ends that each would open. It does not end in quiet hours: the digests of a whole night would only wait for
    the morning, each in a mail of its own."""
    end = now + LENGTH
    asked = [one.candidate for one in wanted if one.cadence is Cadence.HOURLY or one.candidate.valid_until is not None]
    silences = await GateRepository(session).silences(asked) if asked else {}
    quiet = {key: quiet_until(end, one.time_zone, one.quiet, one.paused_until) for key, one in silences.items()}
    return {one.candidate.id: quiet.get(one.candidate.id) or end for one in wanted}


def _in_time(one: Collectable, now: datetime, end_of_window: datetime) -> Cadence | None:
    """The digest in which it is told of: as its recipient wants it, or more often where it would be void by then."""
    valid_until = one.candidate.valid_until
    if valid_until is None:
        return one.cadence
    moments = {
        Cadence.WEEKLY: next_monday(now, one.time_zone),
        Cadence.DAILY: next_morning(now, one.time_zone),
        Cadence.HOURLY: end_of_window,
    }
    offered = _LONGEST_FIRST[_LONGEST_FIRST.index(one.cadence) :]
    return next((cadence for cadence in offered if moments[cadence] + SLACK <= valid_until), None)


async def _enter_windows(session: Session, hourly: Sequence[Candidate], ends: Mapping[UUID, datetime], now: datetime) -> None:
    by_person: dict[str, datetime] = {}
    for one in hourly:
        if one.to_person is not None:
            by_person[one.to_person] = min(ends[one.id], by_person.get(one.to_person, ends[one.id]))
    for window in await WindowRepository(session).enter(by_person, now) if by_person else ():
        message, message_id = hourly_digest(window, window.closes_at)
        publish(session, message, due_at=window.closes_at, message_id=message_id)


def _entry(one: Candidate, cadence: Cadence) -> NewEntry:
    assert one.to_person is not None, "only what goes to a person is collected"
    return NewEntry(
        delivery_id=one.id,
        person=one.to_person,
        organization_id=one.organization_id,
        category=one.category,
        cadence=cadence,
        template_name=one.template_name,
        subject_key=one.subject_key,
        asked_at=one.asked_at,
        valid_until=one.valid_until,
    )
