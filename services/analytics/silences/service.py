"""Keeping quiet about what is known."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.analytics.silences.errors import SilenceNotFound, SilenceOver, SilenceUnusable
from services.analytics.silences.models import Silence
from services.analytics.silences.repository import SilenceRepository
from services.analytics.silences.schemas import SilenceIn
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog

LONGEST: Final = timedelta(days=30)


class Silences:
    """Changes by one operator in one unit of work. An alert under a silence is raised and shown; nobody is told of it."""

    def __init__(self, silences: SilenceRepository, audit: AuditLog, now: datetime) -> None:
        self._silences = silences
        self._audit = audit
        self._now = now

    async def create(self, asked: SilenceIn) -> Silence:
        """Keep quiet from now on. Raises SilenceUnusable."""
        if not self._now < asked.until <= self._now + LONGEST:
            raise SilenceUnusable(
                f"until is {asked.until:%Y-%m-%dT%H:%M:%SZ}, and must lie between now and {LONGEST.days} days from now"
            )
        kept = Silence(id=uuid7(), created_at=self._now, created_by=self._audit.actor, **asked.model_dump())
        self._silences.add(kept)
        extent = asked.model_dump(mode="json", include={"rule", "subject", "until"})
        await self._audit.write("monitoring_silence.create", str(kept.id), asked.reason, **extent)
        return kept

    async def end(self, silence_id: UUID, reason: str) -> Silence:
        """Tell again. Whatever still fires is told with the next evaluation. Raises SilenceNotFound and SilenceOver."""
        silence = await self._silences.lock(silence_id)
        if silence is None:
            raise SilenceNotFound("no silence has this id; GET /v1/monitoring/silences lists them")
        if silence.ended_at is not None or silence.until <= self._now:
            when, who = silence.ended_at or silence.until, silence.ended_by or "its own time"
            raise SilenceOver(f"{who} ended it at {when:%Y-%m-%d %H:%M:%S} UTC; make another one if you need it")
        silence.ended_at, silence.ended_by = self._now, self._audit.actor
        await self._audit.write("monitoring_silence.end", str(silence.id), reason)
        return silence
