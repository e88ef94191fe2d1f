"""Statements on deliveries and their attempts. What a batch needs is one statement for all of its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, text, tuple_
from sqlalchemy.orm import selectinload

from services.notifications.deliveries.models import Delivery, DeliveryAttempt, DeliveryStatus
from shared.runtime.db import ReadSession, Session

ABANDONED: Final = "its process ended before the answer was recorded"


class DeliveryRow(NamedTuple):
    """A delivery as its message asks for it.

    to_address, address_hash, subject, template_version: None until they are known, which they are once the text has been made.
    asked_at: None for the transaction's own moment. message_id_header: of an e-mail. retries: how many tries that counted have
    gone before. notice_id: the message that asked for this one and others.
    template_versions: as JSON.
    """

    id: UUID
    channel: str
    organization_id: UUID | None
    to_address: str | None
    to_person: str | None
    address_hash: str | None
    subject: str | None
    template_name: str | None
    template_version: int | None
    category: str
    dedupe_key: str | None
    requester: str | None
    subject_key: str | None
    asked_at: datetime | None
    message_id_header: str | None
    retries: int
    notice_id: UUID | None = None
    template_versions: str | None = None


class ClaimedAttempt(NamedTuple):
    """An attempt that is committed before its call. message_id_header: as the first attempt had it, of an e-mail."""

    number: int
    message_id_header: str | None


class AttemptResult(NamedTuple):
    """What came of an attempt; see the columns of delivery_attempts."""

    delivery_id: UUID
    number: int
    started_at: datetime
    finished_at: datetime
    outcome: str
    code: int | None
    enhanced_code: str | None
    detail: str
    latency_ms: int
    provider_message_id: str | None = None


class DeliveryResult(NamedTuple):
    """Where a delivery stands now.

    finished_at: None unless the status is final. cancelled_at: when it was cancelled, where that is why it was dropped.
    was_called: no means that the error is ours and says nothing new where one stands that an earlier call has brought.
    reason: a stable code of why it was dropped, has failed or waits. held_until: until when a gate holds it back. provider: the
    account that has taken it. segments: of an SMS. waits: whether it waits for an account that takes messages again; None where
    that is as it was. awaits_report: the account tells what becomes of messages. at: when this was so. held_s: how long a gate
    holds it back, which is no waiting for an account.
    """

    id: UUID
    status: DeliveryStatus
    retries: int
    finished_at: datetime | None
    error: str | None
    cancelled_at: datetime | None = None
    was_called: bool = True
    reason: str | None = None
    held_until: datetime | None = None
    provider: str | None = None
    segments: int | None = None
    waits: bool | None = None
    awaits_report: bool = False
    at: datetime | None = None
    held_s: float = 0.0


class ChangedDelivery(NamedTuple):
    """What a result has made of a delivery. is_news: its retries or its error are others than before. error: as it stands."""

    is_news: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class QueuedDelivery:
    """A delivery that waits for its first or next attempt."""

    id: UUID
    organization_id: UUID | None
    subject_key: str | None
    asked_at: datetime
    requester: str | None
    retries: int


_DELIVERIES: Final = """
    unnest(CAST(:id AS uuid[]), CAST(:channel AS text[]), CAST(:organization_id AS uuid[]), CAST(:to_address AS text[]),
           CAST(:to_person AS text[]), CAST(:address_hash AS text[]), CAST(:subject AS text[]), CAST(:template_name AS text[]),
           CAST(:template_version AS int[]), CAST(:category AS text[]), CAST(:dedupe_key AS text[]), CAST(:requester AS text[]),
           CAST(:subject_key AS text[]), CAST(:asked_at AS timestamptz[]), CAST(:message_id_header AS text[]),
           CAST(:retries AS int[]), CAST(:notice_id AS uuid[]), CAST(:template_versions AS jsonb[]))
    AS row(id, channel, organization_id, to_address, to_person, address_hash, subject, template_name, template_version, category,
           dedupe_key, requester, subject_key, asked_at, message_id_header, retries, notice_id, template_versions)
"""
_COLUMNS: Final = (
    "id, channel, organization_id, to_address, to_person, address_hash, subject, template_name, template_version, category, "
    "dedupe_key, requester, subject_key, message_id_header, retries, notice_id, template_versions"
)

_ADD: Final = text(f"""
    INSERT INTO deliveries ({_COLUMNS}, asked_at, status, created_at)
    SELECT {_COLUMNS}, coalesce(asked_at, now()), 'queued', :now FROM {_DELIVERIES} ORDER BY id
    ON CONFLICT (id) DO NOTHING
""")  # noqa: S608 - put together from constants of this module; values are bound

_ENTITLE: Final = text("""
    UPDATE deliveries AS known
       SET subject = coalesce(known.subject, row.subject), address_hash = coalesce(known.address_hash, row.address_hash)
      FROM unnest(CAST(:id AS uuid[]), CAST(:subject AS text[]), CAST(:address_hash AS text[])) AS row(id, subject, address_hash)
     WHERE known.id = row.id AND (known.subject IS NULL OR known.address_hash IS NULL) AND status = 'queued'
""")

# Where a delivery is still 'sending' under the same count of retries, its lease was given back before any call, and the attempt
# is taken up again. A vanished process has cost a try; whether the provider has the mail, nobody knows.
_CLAIM: Final = text(f"""
    WITH claimed AS (
        INSERT INTO deliveries AS known ({_COLUMNS}, asked_at, status, attempts, created_at)
        SELECT {_COLUMNS}, coalesce(asked_at, now()), 'sending', 1, :now FROM {_DELIVERIES} ORDER BY id
        ON CONFLICT (id) DO UPDATE SET status = 'sending', retries = excluded.retries, finished_at = NULL, held_until = NULL,
               to_address = excluded.to_address, address_hash = excluded.address_hash, subject = excluded.subject,
               template_version = excluded.template_version, template_versions = excluded.template_versions,
               attempts = known.attempts
                        + CASE WHEN known.status = 'sending' AND known.retries = excluded.retries THEN 0 ELSE 1 END
         WHERE known.status NOT IN ('sent', 'dropped')
        RETURNING id, attempts, message_id_header
    ), abandoned AS (
        UPDATE delivery_attempts SET outcome = 'unknown', finished_at = :now, detail = :abandoned
          FROM claimed
         WHERE claimed.attempts > 1 AND delivery_id = claimed.id AND number < claimed.attempts AND outcome IS NULL
    ), begun AS (
        INSERT INTO delivery_attempts (delivery_id, number, provider, started_at)
        SELECT claimed.id, attempts, chosen.provider, :now
          FROM claimed JOIN unnest(CAST(:id AS uuid[]), CAST(:provider AS text[])) AS chosen(id, provider) USING (id)
         ORDER BY claimed.id
        ON CONFLICT (delivery_id, number) DO UPDATE SET provider = excluded.provider, started_at = excluded.started_at
    )
    SELECT id, attempts, message_id_header FROM claimed
""")  # noqa: S608 - as above

_WAITING_FOR: Final = text("""
    SELECT id FROM deliveries WHERE subject_key = ANY(CAST(:keys AS text[])) AND status IN ('queued', 'sending')
""")
_LOCKED: Final = text("""
    SELECT id, organization_id, subject_key, asked_at, requester, retries, status
      FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
""")

_ABANDON: Final = text("""
    UPDATE delivery_attempts SET outcome = 'unknown', finished_at = :now, detail = :abandoned
     WHERE delivery_id = ANY(CAST(:ids AS uuid[])) AND outcome IS NULL
""")

_FORGET: Final = text("""
    WITH forgotten AS (
        DELETE FROM delivery_attempts USING unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[])) AS row(id, number)
         WHERE delivery_id = row.id AND delivery_attempts.number = row.number AND outcome IS NULL
        RETURNING delivery_id, delivery_attempts.number
    )
    UPDATE deliveries SET attempts = attempts - 1
      FROM forgotten WHERE deliveries.id = forgotten.delivery_id AND attempts = forgotten.number
""")

_FINISH: Final = text("""
    WITH attempts AS (
        UPDATE delivery_attempts AS known
           SET started_at = row.started_at, finished_at = row.finished_at, outcome = row.outcome, code = row.code,
               enhanced_code = row.enhanced_code, detail = row.detail, latency_ms = row.latency_ms,
               provider_message_id = row.provider_message_id
          FROM unnest(CAST(:attempt_delivery_id AS uuid[]), CAST(:attempt_number AS int[]),
                      CAST(:attempt_started_at AS timestamptz[]), CAST(:attempt_finished_at AS timestamptz[]),
                      CAST(:attempt_outcome AS text[]), CAST(:attempt_code AS int[]), CAST(:attempt_enhanced_code AS text[]),
                      CAST(:attempt_detail AS text[]), CAST(:attempt_latency_ms AS int[]),
                      CAST(:attempt_provider_message_id AS text[]))
               AS row(delivery_id, number, started_at, finished_at, outcome, code, enhanced_code, detail, latency_ms,
                      provider_message_id)
         WHERE known.delivery_id = row.delivery_id AND known.number = row.number
    ), said AS (
        DELETE FROM delivery_texts USING unnest(CAST(:id AS uuid[]), CAST(:finished_at AS timestamptz[])) AS row(id, finished_at)
         WHERE delivery_id = row.id AND row.finished_at IS NOT NULL
    )
    UPDATE deliveries AS known
       SET status = row.status, retries = row.retries, finished_at = row.finished_at,
           error = CASE WHEN row.was_called THEN row.error ELSE coalesce(known.error, row.error) END,
           cancelled_at = row.cancelled_at, reason = row.reason, held_until = row.held_until,
           waits_since = CASE WHEN row.waits THEN coalesce(known.waits_since, row.at)
                              WHEN row.waits IS NULL THEN known.waits_since + make_interval(secs => row.held_s) END,
           awaits_report = row.awaits_report,
           provider = coalesce(row.provider, known.provider), segments = coalesce(row.segments, known.segments)
      FROM unnest(CAST(:id AS uuid[]), CAST(:status AS text[]), CAST(:retries AS int[]), CAST(:finished_at AS timestamptz[]),
                  CAST(:error AS text[]), CAST(:cancelled_at AS timestamptz[]), CAST(:was_called AS boolean[]),
                  CAST(:reason AS text[]), CAST(:held_until AS timestamptz[]), CAST(:provider AS text[]),
                  CAST(:segments AS int[]), CAST(:waits AS boolean[]), CAST(:awaits_report AS boolean[]),
                  CAST(:at AS timestamptz[]), CAST(:held_s AS float[]))
           AS row(id, status, retries, finished_at, error, cancelled_at, was_called, reason, held_until, provider, segments,
                  waits, awaits_report, at, held_s)
     WHERE known.id = row.id AND known.status NOT IN ('sent', 'dropped')
    RETURNING new.id, new.error, (old.retries, old.error) IS DISTINCT FROM (new.retries, new.error) AS is_news
""")


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries; None is no filter. created_after is part of what is found, created_before is not."""

    organization_id: UUID | None = None
    status: str | None = None
    template_name: str | None = None
    requester: str | None = None
    subject_key: str | None = None
    to_address: str | None = None
    channel: str | None = None
    receipt: str | None = None
    notice_id: UUID | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


_EQUAL: Final = (
    *("organization_id", "template_name", "requester", "subject_key", "to_address"),
    *("channel", "receipt", "notice_id"),
)


class DeliveryReader:
    """What is read of deliveries. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, delivery_id: UUID, organization_id: UUID | None) -> Delivery | None:
        """One delivery with its attempts, as the database has it now."""
        timeline = selectinload(Delivery.timeline).selectinload(DeliveryAttempt.attempt_cost)
        costs, events = selectinload(Delivery.attempt_costs), selectinload(Delivery.events)
        query = _one(delivery_id, organization_id).options(timeline, costs, events)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def newest(self, wanted: DeliveryFilter, *, after: tuple[Any, ...] | None = None, limit: int) -> Sequence[Delivery]:
        """The newest first. after: (created_at, id) of the last one seen."""
        query = select(Delivery).options(selectinload(Delivery.attempt_costs))
        query = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit)
        for name in _EQUAL:
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(getattr(Delivery, name) == value)
        if wanted.status is not None:
            query = query.where(*_standing(wanted.status))
        if wanted.created_after is not None:
            query = query.where(Delivery.created_at >= wanted.created_after)
        if wanted.created_before is not None:
            query = query.where(Delivery.created_at < wanted.created_before)
        if after is not None:
            query = query.where(tuple_(Delivery.created_at, Delivery.id) < tuple_(*after))
        return (await self._session.scalars(query)).all()


class DeliveryRepository:
    """What the sending writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, rows: Sequence[DeliveryRow], now: datetime) -> None:
        """Deliveries that wait; those that are there already are left alone."""
        await self._session.execute(_ADD, {**_columns(DeliveryRow, rows), "now": now})

    async def entitle(self, rows: Sequence[DeliveryRow]) -> None:
        """Keep the subjects of deliveries that have waited without one, and by which address their readers are known."""
        columns = _columns(DeliveryRow, rows)
        await self._session.execute(_ENTITLE, {name: columns[name] for name in ("id", "subject", "address_hash")})

    async def claim(self, rows: Sequence[DeliveryRow], *, providers: Sequence[str], now: datetime) -> dict[UUID, ClaimedAttempt]:
        """Begin an attempt of each, except of those that were sent or dropped before, which are left out.

        providers: for each row the account that will be called.
        """
        bound = {**_columns(DeliveryRow, rows), "now": now, "provider": list(providers), "abandoned": ABANDONED}
        found = await self._session.execute(_CLAIM, bound)
        return {row.id: ClaimedAttempt(row.attempts, row.message_id_header) for row in found}

    async def locked(self, delivery_id: UUID, organization_id: UUID | None) -> Delivery | None:
        """One delivery, held until the unit of work ends."""
        return (await self._session.scalars(_one(delivery_id, organization_id).with_for_update())).one_or_none()

    async def waiting_for(self, subject_keys: Sequence[str]) -> list[UUID]:
        """The deliveries about these subjects that have not ended."""
        return list(await self._session.scalars(_WAITING_FOR, {"keys": list(subject_keys)}))

    async def locked_queued(self, ids: Sequence[UUID]) -> list[QueuedDelivery]:
        """Those that wait for an attempt, held until the unit of work ends.

        Whose attempt is being recorded at this moment is waited for, and then seen as that has left it.
        """
        found = await self._session.execute(_LOCKED, {"ids": list(ids)})
        return [QueuedDelivery(*row[:-1]) for row in found if row.status == DeliveryStatus.QUEUED]

    async def abandon(self, ids: Sequence[UUID], now: datetime) -> None:
        """Close attempts whose process has vanished."""
        await self._session.execute(_ABANDON, {"ids": list(ids), "now": now, "abandoned": ABANDONED})

    async def forget(self, attempts: Sequence[tuple[UUID, int]]) -> None:
        """Remove attempts that came to no call."""
        ids, numbers = zip(*attempts, strict=True)
        await self._session.execute(_FORGET, {"ids": list(ids), "numbers": list(numbers)})

    async def finish(
        self, results: Sequence[DeliveryResult], attempts: Sequence[AttemptResult]
    ) -> Mapping[UUID, ChangedDelivery]:
        """Write where deliveries stand and what came of attempts, and return the deliveries that this has changed.

        One that was sent or dropped stays so.
        """
        bound = {**_columns(DeliveryResult, results), **_columns(AttemptResult, attempts, prefix="attempt_")}
        return {row.id: ChangedDelivery(row.is_news, row.error) for row in await self._session.execute(_FINISH, bound)}


def storable(text: str) -> str:
    """The text as PostgreSQL can hold it: without NUL, for which one message would fail the whole batch's statement."""
    return text.replace("\x00", "")


def _standing(status: str) -> Sequence[ColumnElement[bool]]:
    """What selects the deliveries that stand so, by what their indexes know of it; see migration 0016."""
    if status == DeliveryStatus.SENT:
        return (Delivery.status == status,)
    if status == DeliveryStatus.SENDING:
        under_way = select(DeliveryAttempt.delivery_id).where(DeliveryAttempt.outcome.is_(None))
        return Delivery.status == status, Delivery.id.in_(under_way)
    return (Delivery.unsent == status,)


def _one(delivery_id: UUID, organization_id: UUID | None) -> Select[Delivery]:
    query = select(Delivery).where(Delivery.id == delivery_id)
    return query if organization_id is None else query.where(Delivery.organization_id == organization_id)


def _columns(of: type[NamedTuple], rows: Sequence[NamedTuple], *, prefix: str = "") -> dict[str, Sequence[Any]]:
    """The rows, turned: a sequence of values for each field."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(of._fields)
    return {prefix + name: column for name, column in zip(of._fields, columns, strict=True)}
