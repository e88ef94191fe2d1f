"""Statements on everything that is held about one person; what they are is in `holdings_repository.py`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.notifications.campaigns.models import SUBJECT
from services.notifications.cancellations.repository import KEPT_DAYS
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

# What a campaign has asked for and nobody has claimed yet has no delivery. It gets one that waits, without the address, and ends
# like all that waits; a claim at the same time either comes first and is seen after that, or finds it ended. What is older than
# the inbox's memory has ended, and may have been deleted since.
_TAKE_UP: Final = text("""
    INSERT INTO deliveries (id, channel, organization_id, to_person, address_hash, template_name, category, subject_key, status,
                            asked_at, created_at)
    SELECT delivery_id, channel, organization_id, to_person, CASE WHEN to_person IS NULL THEN recipient END, template_name,
           category, :subject || campaigns.id, 'queued', now(), :now
      FROM campaign_recipients JOIN campaigns ON campaigns.id = campaign_id
     WHERE state = 'queued' AND last_queued_at > CAST(:now AS timestamptz) - make_interval(days => :days)
       AND (recipient = :reference
            OR (recipient = ANY(CAST(:hashes AS text[])) AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)))
       AND NOT EXISTS (SELECT FROM deliveries WHERE deliveries.id = delivery_id)
     ORDER BY delivery_id
    ON CONFLICT (id) DO NOTHING
""")

# Where somebody was written to before, whose name has since come to stand for another address. What is somebody else's by now is
# left to them.
_FORMER: Final = text("""
    WITH former AS MATERIALIZED (
        SELECT DISTINCT channel, to_address, address_hash FROM deliveries
         WHERE to_person = :reference AND channel IN ('email', 'sms') AND coalesce(to_address, address_hash) IS NOT NULL
    )
    SELECT channel, to_address, address_hash FROM former
     WHERE NOT EXISTS (SELECT FROM people
                        WHERE channel = 'email' AND lower(email) = lower(to_address) AND reference <> :reference)
       AND NOT EXISTS (SELECT FROM people
                        WHERE channel = 'sms' AND phone = to_address AND reference <> :reference
                          AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
""")


class Former(NamedTuple):
    """Where a person was written to. address: None where it was erased. address_hash: None where none was made."""

    channel: str
    address: str | None
    address_hash: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about. addresses, hashes: those that are known now, and those of before, in lower case. patterns: find them in
    a text in lower case. organization_id: the person's."""

    reference: str
    addresses: list[str]
    patterns: list[str]
    hashes: list[str]
    organization_id: UUID | None


class HoldingReader:
    """Reads what is held, each row as JSON text."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def former(self, reference: str, organization_id: UUID | None) -> list[Former]:
        """Where the person was written to, today's addresses among them."""
        rows = await self._session.execute(_FORMER, {"reference": reference, "organization_id": organization_id})
        return [Former(*row) for row in rows]

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

    async def leave_campaigns(self, subject: Subject, now: datetime) -> None:
        """Let campaigns that have not come to the person pass the person over, and take up what they have asked for."""
        await self._writing.execute(_LEAVE_CAMPAIGNS, asdict(subject))
        await self._writing.execute(_TAKE_UP, {**asdict(subject), "subject": SUBJECT, "days": KEPT_DAYS, "now": now})

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
