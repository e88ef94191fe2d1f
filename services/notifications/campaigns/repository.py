"""Statements on campaigns: where each stands, and who did what to it."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, tuple_

from services.notifications.campaigns.models import Campaign, CampaignFacts, CampaignStatus, PauseCause
from shared.runtime.db import ReadSession, Session

_FACTS: Final = "name, channel, template_name, category, locale, per_minute, context, segment"
_BOUND: Final = (
    ":name, :channel, :template_name, :category, :locale, :per_minute, CAST(:context AS jsonb), CAST(:segment AS jsonb)"
)

_CREATE: Final = text(f"""
    INSERT INTO campaigns (id, organization_id, created_by, created_at, updated_at, {_FACTS})
    VALUES (:id, :organization_id, :created_by, :now, :now, {_BOUND})
""")  # noqa: S608 - put together from constants of this module; values are bound

_EDIT: Final = text(f"""
    UPDATE campaigns SET ({_FACTS}) = ROW({_BOUND}), revision = revision + 1, updated_at = :now, pause_cause = NULL,
                         pause_reason = NULL
     WHERE id = :id
""")  # noqa: S608 - as above

_TOUCH: Final = text("UPDATE campaigns SET revision = revision + 1, updated_at = :now, total = :total WHERE id = :id")

_SCHEDULE: Final = text("""
    UPDATE campaigns SET status = 'scheduled', scheduled_at = :at, revision = revision + 1, updated_at = :now,
                         pause_cause = NULL, pause_reason = NULL, start_failed_at = NULL
     WHERE id = :id
""")

_TO_DRAFT: Final = text("""
    UPDATE campaigns SET status = 'draft', scheduled_at = NULL, revision = revision + 1, updated_at = :now,
                         pause_cause = :cause, pause_reason = :reason
     WHERE id = :id
""")

_START: Final = text("""
    UPDATE campaigns SET status = 'running', started_at = :now, total = :total, next_step_at = :now, revision = revision + 1,
                         updated_at = :now, template_version = :version, template_versions = CAST(:versions AS jsonb),
                         pause_cause = NULL, pause_reason = NULL
     WHERE id = :id
""")

_PAUSE: Final = text("""
    UPDATE campaigns SET status = 'paused', revision = revision + 1, updated_at = :now, pause_cause = :cause,
                         pause_reason = :reason
     WHERE id = :id
""")

# The number of the step that may still be on its way is used up by this, so that it does nothing when it arrives. Rates are
# counted by whole seconds.
_RESUME: Final = text("""
    UPDATE campaigns SET status = 'running', step = step + 1, revision = revision + 1, updated_at = :now,
                         next_step_at = least(greatest(next_step_at, :now), CAST(:at_the_latest AS timestamptz)),
                         template_version = :version, template_versions = CAST(:versions AS jsonb),
                         last_queued_at = CASE WHEN last_queued_at IS NOT NULL THEN CAST(:now AS timestamptz) END,
                         rates_since = CASE WHEN pause_cause IN ('bounces', 'complaints')
                                            THEN date_trunc('second', CAST(:now AS timestamptz) + interval '999999 microseconds')
                                            ELSE rates_since END,
                         pause_cause = NULL, pause_reason = NULL
     WHERE id = :id
    RETURNING step, next_step_at
""")

_FINISH: Final = text("""
    UPDATE campaigns SET status = 'finished', finished_at = :now, next_step_at = NULL, revision = revision + 1, updated_at = :now,
                         pause_cause = :cause, pause_reason = :reason
     WHERE id = :id
""")

# One that has sent takes further steps, which let what waits come and be dropped.
_CANCEL: Final = text("""
    UPDATE campaigns SET status = 'cancelled', finished_at = :now, step = step + 1, revision = revision + 1, updated_at = :now,
                         next_step_at = CASE WHEN started_at IS NOT NULL THEN CAST(:now AS timestamptz) END
     WHERE id = :id
    RETURNING step
""")

_REST: Final = text("UPDATE campaigns SET next_step_at = NULL WHERE id = :id")

_STEP: Final = text("""
    UPDATE campaigns SET step = step + 1, paced = paced + :paced, queued = queued + :queued, next_step_at = :next_step_at,
                         last_queued_at = CASE WHEN :queued > 0 THEN :now ELSE last_queued_at END
     WHERE id = :id
""")

_CHECKED: Final = text("UPDATE campaigns SET rates_checked_at = :now WHERE id = ANY(CAST(:ids AS uuid[]))")

# Those that the database has not managed to start come last, so that ten of them keep nobody waiting.
_DUE: Final = text("""
    SELECT id FROM campaigns WHERE status = 'scheduled' AND scheduled_at <= :now
     ORDER BY start_failed_at NULLS FIRST, scheduled_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_START_FAILED: Final = text("UPDATE campaigns SET start_failed_at = :now WHERE id = :id")

_TIME_LIMIT: Final = text("SELECT current_setting('statement_timeout')")
_LIMIT_TIME: Final = text("SELECT set_config('statement_timeout', :limit, true)")

_FORSAKEN: Final = text("""
    SELECT id FROM campaigns WHERE status IN ('running', 'cancelled') AND next_step_at < :before ORDER BY id
       FOR UPDATE SKIP LOCKED
""")

_LOCK: Final = text("SELECT id FROM campaigns WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")

_LOCK_UNRATED: Final = text("""
    SELECT id FROM campaigns
     WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'running' AND (rates_checked_at IS NULL OR rates_checked_at <= :before)
     ORDER BY id FOR UPDATE SKIP LOCKED
""")

_STOPPED: Final = text("""
    SELECT id, status, revision FROM campaigns WHERE id = ANY(CAST(:ids AS uuid[])) AND status IN ('paused', 'cancelled')
""")

_NOTE: Final = text("""
    INSERT INTO campaign_changes (campaign_id, at, actor, action, reason, details)
    VALUES (:campaign_id, :now, :actor, :action, :reason, CAST(:details AS jsonb))
""")

_CHANGES: Final = text("""
    SELECT id, at, actor, action, reason, details FROM campaign_changes
     WHERE campaign_id = :campaign_id AND (CAST(:before AS bigint) IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class Pins:
    """What is published of a template. version: of the campaign's language. versions: organization, locale and number of all."""

    version: int
    versions: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A campaign that is paused or cancelled. revision: the same for as long as that lasts."""

    status: CampaignStatus
    revision: int


class CampaignReader:
    """What is read of campaigns. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, campaign_id: UUID, organization_id: UUID | None) -> Campaign | None:
        """One campaign, as the database has it now."""
        query = select(Campaign).where(Campaign.id == campaign_id).execution_options(populate_existing=True)
        if organization_id is not None:
            query = query.where(Campaign.organization_id == organization_id)
        return (await self._session.scalars(query)).one_or_none()

    async def newest(
        self, organization_id: UUID | None, status: CampaignStatus | None, *, after: tuple[Any, ...] | None, limit: int
    ) -> Sequence[Campaign]:
        """The newest first. after: (created_at, id) of the last one seen."""
        query = select(Campaign).order_by(Campaign.created_at.desc(), Campaign.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Campaign.organization_id == organization_id)
        if status is not None:
            query = query.where(Campaign.status == status)
        if after is not None:
            query = query.where(tuple_(Campaign.created_at, Campaign.id) < tuple_(*after))
        return (await self._session.scalars(query)).all()

    async def stopped(self, ids: Sequence[UUID]) -> Mapping[UUID, Stopped]:
        """Those of these that are paused or cancelled."""
        rows = await self._session.execute(_STOPPED, {"ids": list(ids)})
        return {row.id: Stopped(CampaignStatus(row.status), row.revision) for row in rows}

    async def changes(self, campaign_id: UUID, *, before: int | None, limit: int) -> Sequence[Any]:
        """Who did what, the newest first."""
        bound = {"campaign_id": campaign_id, "before": before, "limit": limit}
        return (await self._session.execute(_CHANGES, bound)).all()


class CampaignRepository(CampaignReader):
    """What is written of campaigns. Whoever changes one holds it: see `locked`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def locked(self, ids: Sequence[UUID]) -> Mapping[UUID, Campaign]:
        """These campaigns, held until the unit of work ends."""
        await self._writing.execute(_LOCK, {"ids": list(ids)})
        return await self._held(ids)

    async def locked_unrated(self, ids: Sequence[UUID], before: datetime) -> Mapping[UUID, Campaign]:
        """Those of these that run, whose rates nobody has looked at since `before`, and that nobody else holds."""
        rows = await self._writing.execute(_LOCK_UNRATED, {"ids": list(ids), "before": before})
        return await self._held([row.id for row in rows])

    async def locked_due(self, now: datetime, limit: int) -> Mapping[UUID, Campaign]:
        """Scheduled ones whose time has come, held; the first one first."""
        return await self._held(list(await self._writing.scalars(_DUE, {"now": now, "limit": limit})))

    async def locked_forsaken(self, before: datetime) -> Mapping[UUID, Campaign]:
        """Those whose step should have come before this moment, held."""
        return await self._held(list(await self._writing.scalars(_FORSAKEN, {"before": before})))

    async def _held(self, ids: Sequence[UUID]) -> Mapping[UUID, Campaign]:
        query = select(Campaign).where(Campaign.id.in_(ids)).execution_options(populate_existing=True)
        found = {campaign.id: campaign for campaign in await self._writing.scalars(query)}
        return {one: found[one] for one in ids if one in found}

    @asynccontextmanager
    async def apart(self, limit: timedelta) -> AsyncIterator[None]:
        """What fails in this block is taken back by itself, and no statement of it takes longer than this."""
        async with self._writing.begin_nested():
            before = await self._writing.scalar(_TIME_LIMIT)
            await self._limit(str(round(limit.total_seconds() * 1000)))
            yield
            await self._limit(before)

    async def _limit(self, statement_timeout: str) -> None:
        await self._writing.execute(_LIMIT_TIME, {"limit": statement_timeout})

    async def start_failed(self, campaign_id: UUID, now: datetime) -> None:
        """The database has not managed to start it."""
        await self._writing.execute(_START_FAILED, {"id": campaign_id, "now": now})

    async def create(self, campaign_id: UUID, organization_id: UUID | None, facts: CampaignFacts, by: str, now: datetime) -> None:
        """A draft."""
        bound = {"id": campaign_id, "organization_id": organization_id, "created_by": by, "now": now}
        await self._writing.execute(_CREATE, {**bound, **_columns(facts)})

    async def edit(self, campaign_id: UUID, facts: CampaignFacts, now: datetime) -> None:
        """Replace what somebody decides."""
        await self._writing.execute(_EDIT, {"id": campaign_id, "now": now, **_columns(facts)})

    async def touch(self, campaign_id: UUID, total: int, now: datetime) -> None:
        """The list of recipients is another one."""
        await self._writing.execute(_TOUCH, {"id": campaign_id, "total": total, "now": now})

    async def schedule(self, campaign_id: UUID, at: datetime, now: datetime) -> None:
        """It starts at this moment."""
        await self._writing.execute(_SCHEDULE, {"id": campaign_id, "at": at, "now": now})

    async def to_draft(self, campaign_id: UUID, cause: PauseCause, reason: str, now: datetime) -> None:
        """It does not start by itself any more."""
        await self._writing.execute(_TO_DRAFT, {"id": campaign_id, "cause": cause, "reason": reason, "now": now})

    async def start(self, campaign_id: UUID, total: int, pins: Pins, now: datetime) -> None:
        """It runs, and its recipients are those that there are."""
        bound = {"id": campaign_id, "total": total, "now": now, "version": pins.version, "versions": json.dumps(pins.versions)}
        await self._writing.execute(_START, bound)

    async def pause(self, campaign_id: UUID, cause: PauseCause, reason: str, now: datetime) -> None:
        """Nothing more of it goes out."""
        await self._writing.execute(_PAUSE, {"id": campaign_id, "cause": cause, "reason": reason, "now": now})

    async def resume(self, campaign_id: UUID, pins: Pins, now: datetime, *, at_the_latest: datetime) -> tuple[int, datetime]:
        """It runs again. Returns the step that counts as taken, and when the next one is due: when it was before, but at the
        latest at this moment."""
        bound: dict[str, Any] = {"id": campaign_id, "now": now, "at_the_latest": at_the_latest}
        bound |= {"version": pins.version, "versions": json.dumps(pins.versions)}
        row = (await self._writing.execute(_RESUME, bound)).one()
        return row.step, row.next_step_at

    async def finish(self, campaign_id: UUID, now: datetime, cause: PauseCause | None, reason: str | None) -> None:
        """It has come to its end. cause, reason: why it would have been stopped, were there anything left to stop."""
        await self._writing.execute(_FINISH, {"id": campaign_id, "now": now, "cause": cause, "reason": reason})

    async def cancel(self, campaign_id: UUID, now: datetime) -> int:
        """It sends nothing more. Returns the step that counts as taken."""
        found: int = (await self._writing.execute(_CANCEL, {"id": campaign_id, "now": now})).scalar_one()
        return found

    async def rest(self, campaign_id: UUID) -> None:
        """No step of it is to come."""
        await self._writing.execute(_REST, {"id": campaign_id})

    async def step(self, campaign_id: UUID, *, paced: bool, queued: int, next_step_at: datetime, now: datetime) -> None:
        """One more step is taken. paced: it has shared out the cap of a minute."""
        bound = {"id": campaign_id, "paced": int(paced), "queued": queued, "next_step_at": next_step_at, "now": now}
        await self._writing.execute(_STEP, bound)

    async def checked(self, ids: Sequence[UUID], now: datetime) -> None:
        """Their rates have been looked at."""
        await self._writing.execute(_CHECKED, {"ids": list(ids), "now": now})

    async def note(
        self, campaign_id: UUID, actor: str, action: str, now: datetime, reason: str | None = None, **details: Any
    ) -> None:
        """Write who did what. details: JSON values, without personal data."""
        bound = {"campaign_id": campaign_id, "actor": actor, "action": action, "reason": reason, "now": now}
        await self._writing.execute(_NOTE, {**bound, "details": json.dumps(details)})


def _columns(facts: CampaignFacts) -> dict[str, Any]:
    segment = json.dumps(facts.segment) if facts.segment is not None else None
    return {**asdict(facts), "context": json.dumps(facts.context), "segment": segment}
