"""Statements on single subscriptions, their periods, and what happened to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text, update

from services.payments.dunning.models import DEFAULT
from services.payments.plans.models import PlanVersion
from services.payments.subscriptions.due_models import DueRow
from services.payments.subscriptions.due_repository import SELECT_DUE, STILL_OWED
from services.payments.subscriptions.models import (
    OWED,
    PeriodStatus,
    Subscription,
    SubscriptionChange,
    SubscriptionPeriod,
    SubscriptionStatus,
)
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_STATUSES: Final = text("""
    SELECT period.subscription_id, period.start_on,
           CASE WHEN period.given_up_reason IS NULL OR period.status NOT IN ('open', 'past_due', 'unpaid') THEN period.status
                ELSE 'void' END AS status
      FROM subscription_periods AS period
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
        ON (period.subscription_id, period.start_on) = (row.id, row.start_on)
     ORDER BY period.subscription_id, period.start_on FOR SHARE OF period
""")
_LOCK_OWED: Final = text("""
    SELECT period.subscription_id, period.start_on, period.status, period.total_minor
      FROM subscription_periods AS period
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:starts AS date[])) AS row(id, start_on)
        ON (period.subscription_id, period.start_on) = (row.id, row.start_on)
     ORDER BY period.subscription_id, period.start_on FOR NO KEY UPDATE OF period
""")
_ONE: Final = text(f"{SELECT_DUE} WHERE subscription.id = :id")
_ADJUST: Final = text("""
    INSERT INTO subscription_adjustments (id, subscription_id, description, hsn_sac, tax_rate_bp, amount_minor, open_minor,
                                          created_at, created_by)
    VALUES (:id, :subscription_id, :description, :hsn_sac, :tax_rate_bp, :amount_minor, :amount_minor, :at, :by)
""")
_SKIP: Final = text("""
    INSERT INTO subscription_skips (subscription_id, start_on, skipped_by, skipped_at) VALUES (:id, :start_on, :by, :at)
    ON CONFLICT DO NOTHING
""")
_UNSKIP: Final = text("DELETE FROM subscription_skips WHERE subscription_id = :id AND start_on = :start_on RETURNING 1")
_SKIPS: Final = text("""
    SELECT start_on FROM subscription_skips WHERE subscription_id = :id AND start_on >= :since ORDER BY start_on LIMIT 100
""")


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which subscriptions are meant; None for any. held: those that wait for a person, or those that do not."""

    customer_id: UUID | None = None
    status: SubscriptionStatus | None = None
    held: bool | None = None


class SubscriptionReader:
    """What is read of subscriptions. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, subscription_id: UUID, organization_id: UUID | None, *, lock: bool = False) -> Subscription | None:
        """One subscription; with `lock` held as it is, with its periods, until the unit of work ends."""
        query = select(Subscription).where(Subscription.id == subscription_id)
        if organization_id is not None:
            query = query.where(Subscription.organization_id == organization_id)
        if lock:
            query = query.with_for_update(key_share=True)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(
        self, organization_id: UUID | None, meant: SubscriptionFilter, *, after: UUID | None, limit: int
    ) -> Sequence[Subscription]:
        """The newest first, from after `after` on."""
        wanted = {
            Subscription.organization_id: organization_id,
            Subscription.customer_id: meant.customer_id,
            Subscription.status: meant.status,
        }
        query = select(Subscription).where(*(column == value for column, value in wanted.items() if value is not None))
        if meant.held is not None:
            query = query.where(Subscription.held_reason.is_not(None) if meant.held else Subscription.held_reason.is_(None))
        if after is not None:
            query = query.where(Subscription.id < after)
        return (await self._session.scalars(query.order_by(Subscription.id.desc()).limit(limit))).all()

    async def versions(self, ids: Sequence[UUID]) -> dict[UUID, PlanVersion]:
        """Terms by id."""
        found = await self._session.scalars(select(PlanVersion).where(PlanVersion.id.in_(ids)))
        return {version.id: version for version in found}

    async def periods(self, subscription_id: UUID, *, before: date | None, limit: int) -> Sequence[SubscriptionPeriod]:
        """The newest first, from before `before` on."""
        query = select(SubscriptionPeriod).where(SubscriptionPeriod.subscription_id == subscription_id)
        if before is not None:
            query = query.where(SubscriptionPeriod.start_on < before)
        query = query.order_by(SubscriptionPeriod.start_on.desc()).limit(limit)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def period_on(self, subscription_id: UUID, day: date) -> SubscriptionPeriod | None:
        """The period that a day is of."""
        query = select(SubscriptionPeriod).where(
            SubscriptionPeriod.subscription_id == subscription_id,
            SubscriptionPeriod.start_on <= day,
            SubscriptionPeriod.end_on > day,
            SubscriptionPeriod.status != "void",
        )
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def lock_period(self, subscription_id: UUID, start_on: date) -> SubscriptionPeriod | None:
        """A period, held as it is until the unit of work ends."""
        query = select(SubscriptionPeriod).where(
            SubscriptionPeriod.subscription_id == subscription_id, SubscriptionPeriod.start_on == start_on
        )
        held = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        return (await self._session.scalars(held)).one_or_none()

    async def lock_owed(self, periods: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], int]:
        """What periods come to that are owed, in minor units; all of these are held as they are until the unit of work ends."""
        if not periods:
            return {}
        keys = sorted(periods)
        bound = {"ids": [key for key, _ in keys], "starts": [start for _, start in keys]}
        rows = await self._session.execute(_LOCK_OWED, bound)
        return {(row.subscription_id, row.start_on): row.total_minor for row in rows if row.status in OWED}

    async def period_statuses(self, periods: Collection[tuple[UUID, date]]) -> dict[tuple[UUID, date], PeriodStatus]:
        """How periods stand, those that were given up as void; they stay so until the unit of work ends."""
        keys = sorted(periods)
        bound = {"ids": [key for key, _ in keys], "starts": [start for _, start in keys]}
        rows = await self._session.execute(_STATUSES, bound)
        return {(row.subscription_id, row.start_on): row.status for row in rows}

    async def changes(self, subscription_id: UUID, *, before: int | None, limit: int) -> Sequence[SubscriptionChange]:
        """What happened to it, the newest first, from before version `before` on."""
        query = select(SubscriptionChange).where(SubscriptionChange.subscription_id == subscription_id)
        if before is not None:
            query = query.where(SubscriptionChange.number < before)
        return (await self._session.scalars(query.order_by(SubscriptionChange.number.desc()).limit(limit))).all()

    async def due(self, subscription_id: UUID) -> DueRow:
        """As its billing sees it."""
        return dict((await self._session.execute(_ONE, {"id": subscription_id})).mappings().one())

    async def skips(self, subscription_id: UUID, since: date) -> list[date]:
        """The first days of deliveries that are left out, from a day on; at most 100."""
        return list((await self._session.execute(_SKIPS, {"id": subscription_id, "since": since})).scalars())


class SubscriptionRepository(SubscriptionReader):
    """What is written of subscriptions."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: Mapping[str, Any], *, by: str, at: datetime) -> Subscription:
        """Write a new subscription."""
        row = {"id": uuid7(), "version": 1, "created_at": at, "updated_at": at, "changed_by": by, **values}
        return (await self._writing.scalars(insert(Subscription).values(**row).returning(Subscription))).one()

    async def change(
        self, subscription_id: UUID, values: Mapping[str, Any], *, by: str, at: datetime, reason: str | None
    ) -> Subscription:
        """Write a change under the next version; the database writes it into the history."""
        row = {**values, "version": Subscription.version + 1, "updated_at": at, "changed_by": by, "change_reason": reason}
        changed = update(Subscription).where(Subscription.id == subscription_id).values(**row).returning(Subscription)
        return (await self._writing.scalars(changed.execution_options(populate_existing=True))).one()

    async def still_owed(self, one: Subscription, *, by: str, at: datetime) -> Subscription:
        """One whose pause is over is past due where a period from before is not paid; returns it as it is then."""
        bound = {"ids": [one.id], "at": at, "by": by, "grace_days": DEFAULT.grace_days}
        if (await self._writing.execute(STILL_OWED, bound)).scalar_one_or_none() is None:
            return one
        query = select(Subscription).where(Subscription.id == one.id).execution_options(populate_existing=True)
        return (await self._writing.scalars(query)).one()

    async def shorten(self, period: SubscriptionPeriod, end_on: date, at: datetime) -> None:
        """Let a period end earlier, because another one takes its place."""
        ended = update(SubscriptionPeriod).where(
            SubscriptionPeriod.subscription_id == period.subscription_id, SubscriptionPeriod.start_on == period.start_on
        )
        await self._writing.execute(
            ended.values(end_on=end_on, version=SubscriptionPeriod.version + 1, updated_at=at),
            execution_options={"synchronize_session": False},
        )

    async def adjust(self, subscription_id: UUID, values: Mapping[str, Any], *, by: str, at: datetime) -> None:
        """Note what the next periods take up."""
        await self._writing.execute(_ADJUST, {"id": uuid7(), "subscription_id": subscription_id, "by": by, "at": at, **values})

    async def skip(self, subscription_id: UUID, start_on: date, *, by: str, at: datetime) -> None:
        """Leave a delivery out. Again is no different."""
        await self._writing.execute(_SKIP, {"id": subscription_id, "start_on": start_on, "by": by, "at": at})

    async def unskip(self, subscription_id: UUID, start_on: date) -> bool:
        """Take a delivery up again; False where it is not left out."""
        bound = {"id": subscription_id, "start_on": start_on}
        return (await self._writing.execute(_UNSKIP, bound)).scalar_one_or_none() is not None
