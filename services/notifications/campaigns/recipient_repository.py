"""Statements on a campaign's recipients."""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.campaigns.models import Campaign
from shared.runtime.db import ReadSession, Session

ROWS_PER_STATEMENT: Final = 5000

# Two people with one address are one recipient: the first of them by reference. Who has no language reads English.
_SEGMENT: Final = """
    SELECT DISTINCT ON (lower(address)) reference, address, locale
      FROM (SELECT *, CASE CAST(:channel AS text) WHEN 'email' THEN email ELSE phone END AS address FROM people) AS known
     WHERE address IS NOT NULL AND erased_at IS NULL AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)
       AND (CAST(:reference_prefix AS text) IS NULL OR starts_with(reference, :reference_prefix))
       AND (CAST(:locales AS text[]) IS NULL OR EXISTS (
            SELECT FROM unnest(CAST(:locales AS text[])) AS wanted
             WHERE coalesce(locale, 'en') = wanted OR starts_with(coalesce(locale, 'en'), wanted || '-')))
       AND (CAST(:time_zones AS text[]) IS NULL OR time_zone = ANY(CAST(:time_zones AS text[])))
       AND (CAST(:has_email AS boolean) IS NULL OR (email IS NOT NULL) = :has_email)
       AND (CAST(:has_phone AS boolean) IS NULL OR (phone IS NOT NULL) = :has_phone)
     ORDER BY lower(address), reference
"""

_SNAPSHOT: Final = text(f"""
    INSERT INTO campaign_recipients (campaign_id, position, recipient, to_person)
    SELECT :campaign_id, row_number() OVER (ORDER BY reference), reference, reference FROM ({_SEGMENT}) AS chosen
""")  # noqa: S608 - put together from constants of this module; values are bound

_SEGMENT_ADDRESSES: Final = text(f"SELECT address FROM ({_SEGMENT}) AS chosen")  # noqa: S608 - as above

_LISTED: Final = """
    SELECT position, row_number() OVER (PARTITION BY coalesce(lower(address), position::text) ORDER BY position) AS nth, address,
           locale
      FROM (SELECT position, CASE CAST(:channel AS text) WHEN 'email' THEN coalesce(to_email, people.email)
                                                         ELSE coalesce(to_phone, people.phone) END AS address,
                   coalesce(campaign_recipients.locale, people.locale) AS locale
              FROM campaign_recipients
              LEFT JOIN people ON people.reference = to_person AND erased_at IS NULL
                    AND people.organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)
             WHERE campaign_id = :campaign_id) AS known
"""

# The same person by reference and by address is one recipient: the first of them in the list. Of another organization's people
# nothing is known here, and nothing can be found out.
_DISTINCT: Final = text(f"""
    DELETE FROM campaign_recipients USING ({_LISTED}) AS listed
     WHERE campaign_id = :campaign_id AND campaign_recipients.position = listed.position AND listed.nth > 1
""")  # noqa: S608 - as above

_LISTED_ADDRESSES: Final = text(f"SELECT address FROM ({_LISTED}) AS listed WHERE nth = 1")  # noqa: S608 - as above

# As a message is written: the campaign's language, else the recipient's, else the organization's. Numbers are grouped by how they
# begin before they are held against the codes, of which the longest counts: a hundred thousand have a few hundred beginnings.
_READERS: Final = """
    WITH chosen AS (
        SELECT coalesce(CAST(:locale AS text), locale, :fallback) AS locale,
               left(ltrim(address, '+'), CAST(:digits AS int)) AS beginning, count(*) AS recipients, min({position}) AS first
          FROM ({source}) AS known WHERE {counts} GROUP BY 1, 2
    ), coded AS (
        SELECT DISTINCT ON (beginning) beginning, code
          FROM (SELECT DISTINCT beginning FROM chosen) AS known
         CROSS JOIN generate_series(1, CAST(:digits AS int)) AS cut(at)
          JOIN unnest(CAST(:codes AS text[])) AS listed(code) ON code = left(beginning, at)
         ORDER BY beginning, length(code) DESC
    )
    SELECT locale, code, CAST(sum(recipients) AS int) AS recipients, min(first) AS first
      FROM chosen LEFT JOIN coded USING (beginning) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
_SEGMENT_READERS: Final = text(_READERS.format(position="CAST(NULL AS int)", source=_SEGMENT, counts="true"))
_LISTED_READERS: Final = text(_READERS.format(position="position", source=_LISTED, counts="nth = 1 AND address IS NOT NULL"))

_LANGUAGES: Final = """
    SELECT coalesce(locale, :fallback) AS locale FROM ({source}) AS known WHERE {counts} GROUP BY 1 ORDER BY count(*) DESC, 1
"""
_SEGMENT_LANGUAGES: Final = text(_LANGUAGES.format(source=_SEGMENT, counts="true"))
_LISTED_LANGUAGES: Final = text(_LANGUAGES.format(source=_LISTED, counts="nth = 1 AND address IS NOT NULL"))

# A list that has just been uploaded is in no statistics, and is taken for a row or two until the table is analysed. So that a
# hundred thousand rows are not gone through once for each of them, these statements do without nested loops.
_NESTED_LOOPS: Final = text("SELECT set_config('enable_nestloop', :allowed, true)")

_COUNT: Final = text("SELECT count(*) FROM campaign_recipients WHERE campaign_id = :campaign_id")

_UNUSABLE: Final = text("""
    SELECT count(*) FILTER (WHERE NOT jsonb_strip_nulls(coalesce(context, '{}')) ?& CAST(:lacking AS text[])) AS missing,
           count(*) FILTER (WHERE EXISTS (
               SELECT FROM unnest(CAST(:names AS text[]), CAST(:types AS text[])) AS wanted(name, type)
                WHERE jsonb_typeof(context -> wanted.name) NOT IN (wanted.type, 'null'))) AS wrong
      FROM campaign_recipients
      LEFT JOIN people ON people.reference = to_person AND erased_at IS NULL
            AND people.organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)
     WHERE campaign_id = :campaign_id
       AND coalesce(CAST(:locale AS text), campaign_recipients.locale, people.locale, :fallback) = ANY(CAST(:locales AS text[]))
""")

_SAMPLES: Final = text("""
    SELECT position, context FROM campaign_recipients
     WHERE campaign_id = :campaign_id AND position = ANY(CAST(:positions AS int[]))
""")

_CLEAR: Final = text("DELETE FROM campaign_recipients WHERE campaign_id = :campaign_id")

_ADD: Final = text("""
    INSERT INTO campaign_recipients (campaign_id, position, recipient, to_person, to_email, to_phone, to_name, locale, context)
    SELECT :campaign_id, row.position, row.recipient, row.to_person, row.to_email, row.to_phone, row.to_name, row.locale,
           row.context::jsonb
      FROM unnest(CAST(:position AS int[]), CAST(:recipient AS text[]), CAST(:to_person AS text[]), CAST(:to_email AS text[]),
                  CAST(:to_phone AS text[]), CAST(:to_name AS text[]), CAST(:locale AS text[]), CAST(:context AS text[]))
           AS row(position, recipient, to_person, to_email, to_phone, to_name, locale, context)
""")

_WAITING: Final = text("""
    SELECT position, recipient, to_person, to_email, to_phone, to_name, locale, context
      FROM campaign_recipients WHERE campaign_id = :campaign_id AND state = 'waiting' ORDER BY position LIMIT :limit
""")

_QUEUE: Final = text("""
    UPDATE campaign_recipients SET state = 'queued', delivery_id = row.delivery_id
      FROM unnest(CAST(:positions AS int[]), CAST(:delivery_ids AS uuid[])) AS row(position, delivery_id)
     WHERE campaign_id = :campaign_id AND campaign_recipients.position = row.position AND state = 'waiting'
       AND campaign_recipients.position BETWEEN :first AND :last
""")

_PAGE: Final = text("""
    SELECT campaign_recipients.position, campaign_recipients.to_person, to_email, to_phone, to_name,
           campaign_recipients.locale, state, delivery_id, deliveries.status, deliveries.receipt, deliveries.reason,
           deliveries.held_until, deliveries.finished_at
      FROM campaign_recipients LEFT JOIN deliveries ON deliveries.id = delivery_id
     WHERE campaign_id = :campaign_id AND (CAST(:after AS int) IS NULL OR position > :after)
       AND (CAST(:status AS text) IS NULL OR deliveries.status = :status)
     ORDER BY position LIMIT :limit
""")


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """One line of a list, checked. recipient: a reference, or the hash of an address."""

    recipient: str
    to_person: str | None
    to_email: str | None
    to_phone: str | None
    to_name: str | None
    locale: str | None
    context: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Readers:
    """Recipients who read one language. context: what the first of them brings along. codes: how many numbers begin with each
    code; None for those that begin with none."""

    locale: str
    recipients: int
    context: dict[str, Any]
    codes: Mapping[str | None, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NextRecipient:
    """Somebody whom a campaign has not been sent to yet."""

    position: int
    recipient: str
    to_person: str | None
    to_email: str | None
    to_phone: str | None
    to_name: str | None
    locale: str | None
    context: dict[str, Any] | None


class RecipientReader:
    """What is read of recipients."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def page(self, campaign_id: UUID, *, status: str | None, after: int | None, limit: int) -> Sequence[Any]:
        """In order, with what became of each message. after: the position of the last one seen."""
        bound = {"campaign_id": campaign_id, "status": status, "after": after, "limit": limit}
        return (await self._session.execute(_PAGE, bound)).all()

    async def addresses(self, campaign: Campaign) -> list[str | None]:
        """To whom it would go if it started now, each once; None for somebody whose address is not known."""
        statement = _SEGMENT_ADDRESSES if campaign.segment is not None else _LISTED_ADDRESSES
        async with _whatever_statistics_say(self._session):
            return list(await self._session.scalars(statement, _of(campaign)))

    async def readers(self, campaign: Campaign, fallback: str, samples: int, codes: Collection[str]) -> list[Readers]:
        """To whom it would go if it started now, by language, the most frequent first.

        fallback: the language of who has none. samples: of so many languages the context is read. codes: with what numbers may
        begin, at least one; the longest that fits counts.
        """
        statement = _SEGMENT_READERS if campaign.segment is not None else _LISTED_READERS
        async with _whatever_statistics_say(self._session):
            bound = {**_of(campaign), "locale": campaign.locale, "fallback": fallback}
            bound |= {"codes": sorted(codes), "digits": max(map(len, codes))}
            rows = (await self._session.execute(statement, bound)).all()
        by_locale: dict[str, list[Any]] = {}
        for row in rows:
            by_locale.setdefault(row.locale, []).append(row)
        counted = {locale: sum(row.recipients for row in found) for locale, found in by_locale.items()}
        ordered = sorted(by_locale, key=lambda locale: (-counted[locale], locale))
        firsts = {locale: min(row.first for row in by_locale[locale]) for locale in ordered[:samples] if campaign.segment is None}
        wanted = {"campaign_id": campaign.id, "positions": list(firsts.values())}
        contexts = {row.position: row.context for row in await self._session.execute(_SAMPLES, wanted)}
        return [
            Readers(one, counted[one], contexts.get(firsts.get(one)) or {}, {row.code: row.recipients for row in by_locale[one]})
            for one in ordered
        ]

    async def languages(self, campaign: Campaign, fallback: str) -> list[str]:
        """What is read by those to whom it would go if it started now, the most frequent first. fallback: of who has none."""
        statement = _SEGMENT_LANGUAGES if campaign.segment is not None else _LISTED_LANGUAGES
        async with _whatever_statistics_say(self._session):
            return list(await self._session.scalars(statement, {**_of(campaign), "fallback": fallback}))

    async def unusable(
        self, campaign: Campaign, fallback: str, locales: Sequence[str], lacking: Sequence[str], types: Mapping[str, str]
    ) -> tuple[int, int]:
        """How many recipients of a list who read these languages bring not all of the variables that are lacking, and how many
        bring one that is of another type than these, as JSON has them. fallback: the language of who has none.
        """
        bound = {"campaign_id": campaign.id, "organization_id": campaign.organization_id, "locale": campaign.locale}
        wanted = {"locales": list(locales), "lacking": list(lacking), "names": list(types), "types": list(types.values())}
        async with _whatever_statistics_say(self._session):
            row = (await self._session.execute(_UNUSABLE, {**bound, **wanted, "fallback": fallback})).one()
        return row.missing, row.wrong


class RecipientRepository(RecipientReader):
    """What is written of recipients, by whoever holds their campaign."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def fix(self, campaign: Campaign) -> int:
        """Settle whom the campaign goes to, in one statement, each address once. Returns how many they are."""
        if campaign.segment is not None:
            await self._writing.execute(_CLEAR, {"campaign_id": campaign.id})
            await self._writing.execute(_SNAPSHOT, _of(campaign))
        else:
            async with _whatever_statistics_say(self._writing):
                await self._writing.execute(_DISTINCT, _of(campaign))
        found: int = (await self._writing.execute(_COUNT, {"campaign_id": campaign.id})).scalar_one()
        return found

    async def replace(self, campaign_id: UUID, rows: Sequence[RecipientRow]) -> None:
        """Put this list in the place of the one before. A recipient stands in it once."""
        await self._writing.execute(_CLEAR, {"campaign_id": campaign_id})
        for start in range(0, len(rows), ROWS_PER_STATEMENT):
            part = rows[start : start + ROWS_PER_STATEMENT]
            names = ("recipient", "to_person", "to_email", "to_phone", "to_name", "locale")
            columns: dict[str, Any] = {name: [getattr(row, name) for row in part] for name in names}
            columns["position"] = list(range(start + 1, start + 1 + len(part)))
            columns["context"] = [json.dumps(row.context) if row.context else None for row in part]
            await self._writing.execute(_ADD, {"campaign_id": campaign_id, **columns})

    async def waiting(self, campaign_id: UUID, limit: int) -> list[NextRecipient]:
        """The next ones in order."""
        rows = await self._writing.execute(_WAITING, {"campaign_id": campaign_id, "limit": limit})
        return [NextRecipient(*row) for row in rows]

    async def queue(self, campaign_id: UUID, positions: Sequence[int], delivery_ids: Sequence[UUID]) -> None:
        """Their messages are published by this unit of work. positions: in order, at least one."""
        bound: dict[str, Any] = {"campaign_id": campaign_id, "positions": list(positions), "delivery_ids": list(delivery_ids)}
        bound |= {"first": positions[0], "last": positions[-1]}
        async with _whatever_statistics_say(self._writing):
            await self._writing.execute(_QUEUE, bound)


@asynccontextmanager
async def _whatever_statistics_say(session: ReadSession) -> AsyncIterator[None]:
    # After an error the transaction is over, and the setting with it.
    await session.execute(_NESTED_LOOPS, {"allowed": "off"})
    yield
    await session.execute(_NESTED_LOOPS, {"allowed": "on"})


def _of(campaign: Campaign) -> dict[str, Any]:
    names = ("reference_prefix", "locales", "time_zones", "has_email", "has_phone")
    segment = campaign.segment
    wanted = {name: segment.get(name) for name in names} if segment is not None else {}
    return {"campaign_id": campaign.id, "channel": campaign.channel, "organization_id": campaign.organization_id, **wanted}
