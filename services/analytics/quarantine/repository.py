"""Keeping what was put aside, and letting it go."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CursorResult, delete, func, select, text, update

from services.analytics.events.event_models import Refusal
from services.analytics.quarantine.models import QuarantinedEvent
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

# In the order of the key, so that two batches never wait for each other in a circle.
_HOLD: Final = text("""
    INSERT INTO quarantined_events AS known (id, organization_id, fingerprint, reason, detail, event_name, payload, first_at,
                                             last_at, times)
    SELECT id, organization_id, fingerprint, reason, detail, event_name, payload, :now, :now, times
      FROM unnest(CAST(:ids AS uuid[]), CAST(:organization_ids AS uuid[]), CAST(:fingerprints AS bytea[]),
                  CAST(:reasons AS text[]), CAST(:details AS text[]), CAST(:names AS text[]), CAST(:payloads AS text[]),
                  CAST(:times AS bigint[]))
           AS row(id, organization_id, fingerprint, reason, detail, event_name, payload, times)
     ORDER BY organization_id, fingerprint
    ON CONFLICT (organization_id, fingerprint) WHERE state = 'held' DO UPDATE
       SET times = known.times + excluded.times, last_at = excluded.last_at, reason = excluded.reason, detail = excluded.detail
""")


class QuarantineReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def held(
        self, organization_id: UUID | None, *, reason: str | None, name: str | None, after: UUID | None, limit: int
    ) -> Sequence[QuarantinedEvent]:
        """Those that still wait for somebody, the oldest first."""
        query = select(QuarantinedEvent).where(QuarantinedEvent.state == "held").order_by(QuarantinedEvent.id).limit(limit)
        if organization_id is not None:
            query = query.where(QuarantinedEvent.organization_id == organization_id)
        if reason is not None:
            query = query.where(QuarantinedEvent.reason == reason)
        if name is not None:
            query = query.where(QuarantinedEvent.event_name == name)
        if after is not None:
            query = query.where(QuarantinedEvent.id > after)
        return (await self._session.scalars(query)).all()

    async def find(self, key: UUID, organization_id: UUID | None) -> QuarantinedEvent | None:
        """One, whatever has become of it."""
        query = select(QuarantinedEvent).where(QuarantinedEvent.id == key)
        if organization_id is not None:
            query = query.where(QuarantinedEvent.organization_id == organization_id)
        return (await self._session.scalars(query)).one_or_none()


class QuarantineRepository(QuarantineReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    async def hold(self, refused: Sequence[tuple[UUID, Refusal]], now: datetime) -> None:
        """Keep these; one that is held already is counted."""
        groups: dict[tuple[UUID, bytes], tuple[Refusal, int]] = {}
        for organization_id, refusal in refused:
            key = (organization_id, hashlib.sha256(refusal.payload.encode("utf-8", "backslashreplace")).digest())
            groups[key] = (refusal, groups[key][1] + 1 if key in groups else 1)
        bound: dict[str, Any] = {
            "ids": [uuid7() for _ in groups],
            "organization_ids": [organization_id for organization_id, _ in groups],
            "fingerprints": [fingerprint for _, fingerprint in groups],
            "reasons": [refusal.reason for refusal, _ in groups.values()],
            "details": [refusal.detail for refusal, _ in groups.values()],
            "names": [refusal.name for refusal, _ in groups.values()],
            "payloads": [refusal.payload for refusal, _ in groups.values()],
            "times": [times for _, times in groups.values()],
            "now": now,
        }
        await self._session.execute(_HOLD, bound)

    async def lock(self, ids: Sequence[UUID], organization_id: UUID | None) -> Sequence[QuarantinedEvent]:
        """Those of these that are held; nobody else decides on them until the unit of work ends."""
        query = (
            select(QuarantinedEvent)
            .where(QuarantinedEvent.id.in_(ids), QuarantinedEvent.state == "held")
            .order_by(QuarantinedEvent.id)
            .with_for_update()
        )
        if organization_id is not None:
            query = query.where(QuarantinedEvent.organization_id == organization_id)
        return (await self._session.scalars(query)).all()

    async def decide(self, ids: Sequence[UUID], state: str, *, by: str, at: datetime, note: str | None) -> None:
        """They wait no more."""
        values = {"state": state, "decided_by": by, "decided_at": at, "note": note}
        await self._session.execute(
            update(QuarantinedEvent).where(QuarantinedEvent.id.in_(ids)).values(values), execution_options=_DIRECT
        )

    async def say_anew(self, key: UUID, refusal: Refusal) -> None:
        """It is held on, for this reason."""
        values = {"reason": refusal.reason, "detail": refusal.detail}
        await self._session.execute(
            update(QuarantinedEvent).where(QuarantinedEvent.id == key).values(values), execution_options=_DIRECT
        )

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete those that came last before then, and return how many."""
        old = select(QuarantinedEvent.id).where(QuarantinedEvent.last_at < before).limit(limit)
        result = await self._session.execute(
            delete(QuarantinedEvent).where(QuarantinedEvent.id.in_(old)), execution_options=_DIRECT
        )
        assert isinstance(result, CursorResult), "a statement that writes has a count"
        return result.rowcount

    async def count(self) -> int:
        """How many are held."""
        held = select(func.count()).select_from(QuarantinedEvent).where(QuarantinedEvent.state == "held")
        return (await self._session.execute(held)).scalar_one()


_DIRECT: Final = {"synchronize_session": False}
