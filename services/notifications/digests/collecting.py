"""Keeping for the daily digest what its recipient does not want at once."""

from collections.abc import Sequence

from services.notifications.digests.repository import DigestRepository, NewEntry
from services.notifications.gates.gate import Candidate
from shared.runtime.clock import system_clock
from shared.runtime.db import Session


async def collect(session: Session, candidates: Sequence[Candidate]) -> None:
    """Make an entry of each. The same delivery again is the same entry; who is nobody known gets none."""
    entries = [
        NewEntry(
            delivery_id=one.id,
            person=one.to_person,
            organization_id=one.organization_id,
            category=one.category,
            template_name=one.template_name,
            subject_key=one.subject_key,
            asked_at=one.asked_at,
            valid_until=one.valid_until,
        )
        for one in candidates
        if one.to_person is not None
    ]
    if entries:
        await DigestRepository(session).collect(entries, system_clock())
