"""Statements on deliveries and their attempts. What a batch needs is one statement for all of its messages."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, tuple_
from sqlalchemy.orm import selectinload

from services.notifications.deliveries.models import Delivery, DeliveryStatus
from shared.runtime.db import ReadSession, Session

ABANDONED: Final = "its process ended before the answer was recorded"


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as its message asks for it. retries: how many tries that counted have gone before."""

    id: UUID
    organization_id: UUID | None
    to_address: str
    subject: str
    requester: str | None
    subject_key: str | None
    message_id_header: str
    retries: int


@dataclass(frozen=True, slots=True)
class ClaimedAttempt:
    """An attempt that is committed before its call. message_id_header: as the first attempt had it."""

    number: int
    message_id_header: str


@dataclass(frozen=True, slots=True)
class AttemptResult:
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


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """Where a delivery stands now. finished_at: None unless the status is final."""

    id: UUID
    status: DeliveryStatus
    retries: int
    finished_at: datetime | None
    error: str | None


_DELIVERIES: Final = """
    unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:to_address AS text[]), CAST(:subject AS text[]),
           CAST(:requester AS text[]), CAST(:subject_key AS text[]), CAST(:message_id_header AS text[]), CAST(:retries AS int[]))
    AS row(id, organization_id, to_address, subject, requester, subject_key, message_id_header, retries)
"""
_COLUMNS: Final = "id, organization_id, to_address, subject, requester, subject_key, message_id_header, retries"

_ADD: Final = text(f"""
    INSERT INTO deliveries ({_COLUMNS}, status, created_at)
    SELECT {_COLUMNS}, 'queued', :now FROM {_DELIVERIES} ORDER BY id
    ON CONFLICT (id) DO NOTHING
""")  # noqa: S608 - put together from constants of this module; values are bound

# A batch gives back what it did not reach, and the try is not counted: then the delivery is still 'sending' under the same
# count of retries, no call was made, and the attempt is taken up again. A vanished process has cost a try; whether the
# provider has the mail, nobody knows.
_CLAIM: Final = text(f"""
    WITH claimed AS (
        INSERT INTO deliveries AS known ({_COLUMNS}, status, attempts, created_at)
        SELECT {_COLUMNS}, 'sending', 1, :now FROM {_DELIVERIES} ORDER BY id
        ON CONFLICT (id) DO UPDATE SET status = 'sending', retries = excluded.retries, finished_at = NULL,
               attempts = known.attempts
                        + CASE WHEN known.status = 'sending' AND known.retries = excluded.retries THEN 0 ELSE 1 END
         WHERE known.status NOT IN ('sent', 'dropped')
        RETURNING id, attempts, message_id_header
    ), abandoned AS (
        UPDATE delivery_attempts SET outcome = 'unknown', finished_at = :now, detail = :abandoned
          FROM claimed WHERE delivery_id = claimed.id AND number < claimed.attempts AND outcome IS NULL
    ), begun AS (
        INSERT INTO delivery_attempts (delivery_id, number, provider, started_at)
        SELECT id, attempts, :provider, :now FROM claimed ORDER BY id
        ON CONFLICT (delivery_id, number) DO UPDATE SET provider = excluded.provider, started_at = excluded.started_at
    )
    SELECT id, attempts, message_id_header FROM claimed
""")  # noqa: S608 - as above

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
               enhanced_code = row.enhanced_code, detail = row.detail, latency_ms = row.latency_ms
          FROM unnest(CAST(:attempt_delivery_id AS uuid[]), CAST(:attempt_number AS int[]),
                      CAST(:attempt_started_at AS timestamptz[]), CAST(:attempt_finished_at AS timestamptz[]),
                      CAST(:attempt_outcome AS text[]), CAST(:attempt_code AS int[]), CAST(:attempt_enhanced_code AS text[]),
                      CAST(:attempt_detail AS text[]), CAST(:attempt_latency_ms AS int[]))
               AS row(delivery_id, number, started_at, finished_at, outcome, code, enhanced_code, detail, latency_ms)
         WHERE known.delivery_id = row.delivery_id AND known.number = row.number
    )
    UPDATE deliveries AS known
       SET status = row.status, retries = row.retries, finished_at = row.finished_at, error = row.error
      FROM unnest(CAST(:id AS uuid[]), CAST(:status AS text[]), CAST(:retries AS int[]), CAST(:finished_at AS timestamptz[]),
                  CAST(:error AS text[])) AS row(id, status, retries, finished_at, error)
     WHERE known.id = row.id AND known.status NOT IN ('sent', 'dropped')
    RETURNING known.id
""")


class DeliveryReader:
    """What is read of deliveries. organization_id: the tenant whose rows alone are seen; None sees all."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, delivery_id: UUID, organization_id: UUID | None) -> Delivery | None:
        """One delivery with its attempts."""
        query = select(Delivery).where(Delivery.id == delivery_id).options(selectinload(Delivery.timeline))
        if organization_id is not None:
            query = query.where(Delivery.organization_id == organization_id)
        return (await self._session.scalars(query)).one_or_none()

    async def newest(
        self,
        organization_id: UUID | None,
        *,
        status: DeliveryStatus | None = None,
        after: tuple[Any, ...] | None = None,
        limit: int,
    ) -> Sequence[Delivery]:
        """The newest first. after: (created_at, id) of the last one seen."""
        query = select(Delivery).order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Delivery.organization_id == organization_id)
        if status is not None:
            query = query.where(Delivery.status == status.value)
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

    async def claim(self, rows: Sequence[DeliveryRow], *, provider: str, now: datetime) -> dict[UUID, ClaimedAttempt]:
        """Begin an attempt of each, except of those that were sent or dropped before, which are left out."""
        bound = {**_columns(DeliveryRow, rows), "now": now, "provider": provider, "abandoned": ABANDONED}
        found = await self._session.execute(_CLAIM, bound)
        return {row.id: ClaimedAttempt(row.attempts, row.message_id_header) for row in found}

    async def abandon(self, ids: Sequence[UUID], now: datetime) -> None:
        """Close attempts whose process has vanished."""
        await self._session.execute(_ABANDON, {"ids": list(ids), "now": now, "abandoned": ABANDONED})

    async def forget(self, attempts: Sequence[tuple[UUID, int]]) -> None:
        """Remove attempts that came to no call."""
        ids, numbers = zip(*attempts, strict=True)
        await self._session.execute(_FORGET, {"ids": list(ids), "numbers": list(numbers)})

    async def finish(self, results: Sequence[DeliveryResult], attempts: Sequence[AttemptResult]) -> set[UUID]:
        """Write where deliveries stand and what came of attempts, and return the deliveries that this has changed.

        One that was sent or dropped stays so.
        """
        bound = {**_columns(DeliveryResult, results), **_columns(AttemptResult, attempts, prefix="attempt_")}
        return {row.id for row in await self._session.execute(_FINISH, bound)}


def _columns(of: type[Any], rows: Sequence[Any], *, prefix: str = "") -> dict[str, list[Any]]:
    return {prefix + field.name: [getattr(row, field.name) for row in rows] for field in fields(of)}
