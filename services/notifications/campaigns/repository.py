"""Statements on campaigns: where each stands, and who did what to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, tuple_

from services.notifications.campaigns.models import SUBJECT, Campaign, CampaignFacts, CampaignStatus, Counts, PauseCause
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
                         pause_cause = NULL, pause_reason = NULL
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

# The number of the step that may still be on its way is used up by this, so that it does nothing when it arrives.
_RESUME: Final = text("""
    UPDATE campaigns SET status = 'running', step = step + 1, revision = revision + 1, updated_at = :now,
                         next_step_at = greatest(next_step_at, :now), template_version = :version,
                         template_versions = CAST(:versions AS jsonb),
                         rates_since = CASE WHEN pause_cause IN ('bounces', 'complaints') THEN :now ELSE rates_since END,
                         pause_cause = NULL, pause_reason = NULL
     WHERE id = :id
    RETURNING step, next_step_at
""")

_END: Final = text("""
    UPDATE campaigns SET status = :status, finished_at = :now, next_step_at = NULL, revision = revision + 1, updated_at = :now
     WHERE id = :id
""")

_STEP: Final = text("""
    UPDATE campaigns SET step = step + 1, paced = paced + :paced, queued = queued + :queued, next_step_at = :next_step_at,
                         last_queued_at = CASE WHEN :queued > 0 THEN :now ELSE last_queued_at END
     WHERE id = :id
""")

_CHECKED: Final = text("UPDATE campaigns SET rates_checked_at = :now WHERE id = ANY(CAST(:ids AS uuid[]))")

_DUE: Final = text("""
    SELECT id FROM campaigns WHERE status = 'scheduled' AND scheduled_at <= :now
     ORDER BY scheduled_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
""")

_FORSAKEN: Final = text("""
    SELECT id FROM campaigns WHERE status = 'running' AND next_step_at < :before ORDER BY id FOR UPDATE SKIP LOCKED
""")

_LOCK: Final = text("SELECT id FROM campaigns WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")

_LOCK_UNRATED: Final = text("""
    SELECT id FROM campaigns
     WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'running' AND (rates_checked_at IS NULL OR rates_checked_at <= :before)
     ORDER BY id FOR UPDATE SKIP LOCKED
""")

_STOPPED: Final = text("""
    SELECT id, status FROM campaigns WHERE id = ANY(CAST(:ids AS uuid[])) AND status IN ('paused', 'cancelled')
""")

_COUNTS: Final = text(f"""
    SELECT campaigns.id,
           count(*) FILTER (WHERE known.status = 'sent') AS sent,
           count(*) FILTER (WHERE known.status = 'failed') AS failed,
           count(*) FILTER (WHERE known.status = 'dropped') AS dropped,
           count(*) FILTER (WHERE known.receipt = 'delivered') AS delivered,
           count(*) FILTER (WHERE known.is_bounce) AS bounced,
           count(*) FILTER (WHERE known.receipt = 'complained') AS complained,
           count(*) FILTER (WHERE known.counts AND (known.status = 'sent' OR known.is_refused)) AS rated_sent,
           count(*) FILTER (WHERE known.counts AND (known.is_bounce OR known.is_refused)) AS rated_bounced,
           count(*) FILTER (WHERE known.counts AND known.receipt = 'complained') AS rated_complained
      FROM campaigns CROSS JOIN LATERAL (
           SELECT status, receipt, coalesce(receipt IN ('bounced_hard', 'bounced_soft', 'blocked'), false) AS is_bounce,
                  status = 'failed' AND EXISTS (SELECT FROM delivery_attempts
                                                 WHERE delivery_id = deliveries.id AND outcome = 'bad_recipient') AS is_refused,
                  campaigns.rates_since IS NULL OR finished_at >= campaigns.rates_since AS counts
             FROM deliveries
            WHERE subject_key = '{SUBJECT}' || campaigns.id AND organization_id IS NOT DISTINCT FROM campaigns.organization_id
           ) AS known
     WHERE campaigns.id = ANY(CAST(:ids AS uuid[]))
     GROUP BY campaigns.id
""")  # noqa: S608 - put together from constants of this module; values are bound

# A long queue is as good as one that is too long, so nobody counts it to its end.
_BACKLOG: Final = text("""
    SELECT count(*) FROM (SELECT FROM outbox WHERE lane = :lane AND state = 0 AND due_at <= now() LIMIT :limit) AS waiting
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

    async def counts(self, ids: Sequence[UUID]) -> Mapping[UUID, Counts]:
        """What has become of these campaigns' messages, in one statement."""
        found = {row.id: Counts(*row[1:]) for row in await self._session.execute(_COUNTS, {"ids": list(ids)})}
        return {one: found.get(one, Counts()) for one in ids}

    async def stopped(self, ids: Sequence[UUID]) -> Mapping[UUID, CampaignStatus]:
        """Those of these that are paused or cancelled."""
        rows = await self._session.execute(_STOPPED, {"ids": list(ids)})
        return {row.id: CampaignStatus(row.status) for row in rows}

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
        """Running ones whose step should have come before this moment, held."""
        return await self._held(list(await self._writing.scalars(_FORSAKEN, {"before": before})))

    async def _held(self, ids: Sequence[UUID]) -> Mapping[UUID, Campaign]:
        query = select(Campaign).where(Campaign.id.in_(ids)).execution_options(populate_existing=True)
        found = {campaign.id: campaign for campaign in await self._writing.scalars(query)}
        return {one: found[one] for one in ids if one in found}

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

    async def resume(self, campaign_id: UUID, pins: Pins, now: datetime) -> tuple[int, datetime]:
        """It runs again. Returns the step that counts as taken, and when the next one is due."""
        bound = {"id": campaign_id, "now": now, "version": pins.version, "versions": json.dumps(pins.versions)}
        row = (await self._writing.execute(_RESUME, bound)).one()
        return row.step, row.next_step_at

    async def end(self, campaign_id: UUID, status: CampaignStatus, now: datetime) -> None:
        """It is cancelled or finished."""
        await self._writing.execute(_END, {"id": campaign_id, "status": status, "now": now})

    async def step(self, campaign_id: UUID, *, paced: bool, queued: int, next_step_at: datetime, now: datetime) -> None:
        """One more step is taken. paced: it has shared out the cap of a minute."""
        bound = {"id": campaign_id, "paced": int(paced), "queued": queued, "next_step_at": next_step_at, "now": now}
        await self._writing.execute(_STEP, bound)

    async def checked(self, ids: Sequence[UUID], now: datetime) -> None:
        """Their rates have been looked at."""
        await self._writing.execute(_CHECKED, {"ids": list(ids), "now": now})

    async def backlog(self, lane: str, limit: int) -> int:
        """How many messages wait for the lane, counted up to a limit."""
        found: int = (await self._writing.execute(_BACKLOG, {"lane": lane, "limit": limit})).scalar_one()
        return found

    async def note(
        self, campaign_id: UUID, actor: str, action: str, now: datetime, reason: str | None = None, **details: Any
    ) -> None:
        """Write who did what. details: JSON values, without personal data."""
        bound = {"campaign_id": campaign_id, "actor": actor, "action": action, "reason": reason, "now": now}
        await self._writing.execute(_NOTE, {**bound, "details": json.dumps(details)})


def _columns(facts: CampaignFacts) -> dict[str, Any]:
    segment = json.dumps(facts.segment) if facts.segment is not None else None
    return {**asdict(facts), "context": json.dumps(facts.context), "segment": segment}
