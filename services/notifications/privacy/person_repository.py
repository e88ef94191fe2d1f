"""Statements on everything that is held about one person; what they are is in `holdings_repository.py`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.privacy.holdings_repository import DELIVERIES, DELIVERY_IDS, HOLDINGS
from shared.runtime.db import ReadSession, Session

_IDS: Final = text(f"{DELIVERY_IDS} ORDER BY created_at, id")
_LOCKED_IDS: Final = text(f"""
    SELECT id, status IN ('queued', 'sending') AS waits FROM deliveries WHERE id IN ({DELIVERY_IDS}) ORDER BY id FOR UPDATE
""")  # noqa: S608 - put together from constants; values are bound
_DELIVERIES: Final = text(f"SELECT row_to_json(one)::text FROM ({DELIVERIES}) AS one")  # noqa: S608 - as above
_PARTS: Final = {
    name: text(f"SELECT row_to_json(one)::text FROM ({statement}) AS one")  # noqa: S608 - as above
    for name, statement in (one.shown for one in HOLDINGS if one.shown is not None)
}
_ERASURES: Final = [text(one.erased) for one in HOLDINGS if one.erased is not None]

# What a campaign has not asked for yet is asked for no more. Its campaigns are held first, as their steps do.
_LEAVE_CAMPAIGNS: Final = text("""
    WITH held AS (
        SELECT id FROM campaigns
         WHERE (organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid) OR EXISTS (
                SELECT FROM campaign_recipients WHERE recipient = :reference AND campaign_id = campaigns.id))
           AND id IN (SELECT campaign_id FROM campaign_recipients
                       WHERE recipient = :reference OR recipient = ANY(CAST(:hashes AS text[])))
         ORDER BY id FOR UPDATE
    ), gone AS (
        DELETE FROM campaign_recipients USING held
         WHERE campaign_id = held.id AND state = 'waiting'
           AND (recipient = :reference OR recipient = ANY(CAST(:hashes AS text[])))
        RETURNING campaign_id
    )
    UPDATE campaigns SET total = total - fewer.count
      FROM (SELECT campaign_id, count(*) AS count FROM gone GROUP BY campaign_id) AS fewer WHERE campaigns.id = campaign_id
""")


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about. addresses, hashes: those that are known now, in lower case. patterns: find them in a text in lower case.
    organization_id: the person's."""

    reference: str
    addresses: list[str]
    patterns: list[str]
    hashes: list[str]
    organization_id: UUID | None


class HoldingReader:
    """Reads what is held, each row as JSON text."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def delivery_ids(self, subject: Subject) -> list[UUID]:
        """The person's deliveries, the oldest first."""
        return list(await self._session.scalars(_IDS, asdict(subject)))

    async def deliveries(self, ids: Sequence[UUID]) -> list[str]:
        """These deliveries with their timelines."""
        return list(await self._session.scalars(_DELIVERIES, {"ids": list(ids)}))

    async def part(self, name: str, subject: Subject) -> list[str]:
        """One part of the export; see `parts`."""
        statement = _PARTS[name]
        names = set(statement.compile().params)
        return list(
            await self._session.scalars(statement, {key: value for key, value in asdict(subject).items() if key in names})
        )


class HoldingRepository(HoldingReader):
    """Takes a person out of what is held."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def leave_campaigns(self, subject: Subject) -> None:
        """Let campaigns that have not come to the person pass the person over."""
        await self._writing.execute(_LEAVE_CAMPAIGNS, asdict(subject))

    async def locked_deliveries(self, subject: Subject) -> tuple[list[UUID], list[UUID]]:
        """The person's deliveries, held: all of them, and those that have not ended."""
        rows = (await self._writing.execute(_LOCKED_IDS, asdict(subject))).all()
        return [row.id for row in rows], [row.id for row in rows if row.waits]

    async def erase(self, subject: Subject, ids: Sequence[UUID]) -> None:
        """Carry out what `holdings_repository.py` says of each table."""
        bound: dict[str, Any] = {**asdict(subject), "ids": list(ids)}
        for statement in _ERASURES:
            names = set(statement.compile().params)
            await self._writing.execute(statement, {key: value for key, value in bound.items() if key in names})


def parts() -> tuple[str, ...]:
    """The parts of the export beside the deliveries."""
    return tuple(_PARTS)
