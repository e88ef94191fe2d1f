"""Keeping for the daily digest what its recipient does not want at once."""

from collections.abc import Sequence

from services.notifications.digests.repository import DigestRepository, NewEntry
from services.notifications.gates.gate import Candidate
from shared.runtime.clock import system_clock
from shared.runtime.db import Session


async def collect(session: Session, candidates: Sequence[Candidate]) -> None:
    """Make an entry of each. The same delivery again is the same entry; who is nobody known gets none."""
    entries = [
        NewEntry(one.id, one.to_person, one.organization_id, one.category, one.template_name)
        for one in candidates
        if one.to_person is not None
    ]
    if entries:
        await DigestRepository(session).collect(entries, system_clock())
