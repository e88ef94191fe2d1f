"""Statements on digests. Those on the windows of the hourly one are in window_repository.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import text

from services.notifications.deliveries.note_repository import Note, NoteRepository
from services.notifications.preferences.models import Cadence
from shared.runtime.db import ReadSession, Session

CATEGORY: Final = "digests"
MONDAY: Final = 1
"""The day, as ISO 8601 counts them, whose digest tells of the week as well."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A message that its recipient gets in the digest in the place of at once.

    cadence: in which digest. asked_at: when it was published. valid_until: afterwards nobody is to be told of it.
    """

    delivery_id: UUID
    person: str
    organization_id: UUID | None
    category: str
    cadence: Cadence
    template_name: str | None
    subject_key: str | None
    asked_at: datetime
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a digest can tell of. title: the subject that the message has, where one was made."""

    delivery_id: UUID
    person: str
    category: str
    title: str | None
    template_name: str | None
    occurred_at: datetime
    cadence: Cadence


@dataclass(frozen=True, slots=True)
class Due:
    """What is told of now: these people's entries of a cadence. mondays: those who get the week's as well."""

    people: Sequence[str]
    cadence: Cadence
    mondays: Sequence[str] = ()

    def bound(self) -> dict[str, Any]:
        """The same for the statements."""
        return {"people": list(self.people), "cadence": self.cadence.value, "mondays": list(self.mondays)}


@dataclass(frozen=True, slots=True)
class Look:
    """At the mornings until a moment. days: the local day by group, of the groups whose morning it is. after_…: the last one who
    was looked at."""

    until: datetime
    days: Mapping[str, date]
    after_group: str = ""
    after_person: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody where it is morning. is_due: whether a digest is to be asked for."""

    group: str
    person: str
    is_due: bool


_COLLECT: Final = text("""
    INSERT INTO digest_entries (delivery_id, person, organization_id, category, cadence, template_name, subject_key, asked_at,
                                valid_until, occurred_at)
    SELECT delivery_id, person, organization_id, category, cadence, template_name, subject_key, asked_at, valid_until, :now
      FROM unnest(CAST(:delivery_id AS uuid[]), CAST(:person AS text[]), CAST(:organization_id AS uuid[]),
                  CAST(:category AS text[]), CAST(:cadence AS text[]), CAST(:template_name AS text[]),
                  CAST(:subject_key AS text[]), CAST(:asked_at AS timestamptz[]), CAST(:valid_until AS timestamptz[]))
           AS row(delivery_id, person, organization_id, category, cadence, template_name, subject_key, asked_at, valid_until)
     ORDER BY delivery_id
    ON CONFLICT (delivery_id) DO NOTHING
""")

_CADENCES: Final = text("SELECT delivery_id, cadence FROM digest_entries WHERE delivery_id = ANY(CAST(:ids AS uuid[]))")

_BEGIN: Final = text("INSERT INTO digest_progress (slot) VALUES (:first) ON CONFLICT (only_one) DO NOTHING")
_PROGRESS: Final = text("SELECT slot, until, days, after_group, after_person FROM digest_progress FOR UPDATE")
_LOOKED: Final = text("""
    UPDATE digest_progress SET slot = :slot, until = NULL, days = NULL, after_group = NULL, after_person = NULL
""")
_REACHED: Final = text("""
    UPDATE digest_progress SET until = :until, days = coalesce(days, CAST(:days AS jsonb)), after_group = :after_group,
                               after_person = :after_person
""")

# As the index people_by_morning has it.
_GROUP: Final = "coalesce(time_zone, organization_id::text, '')"
_REACHABLE: Final = "email IS NOT NULL AND erased_at IS NULL"

# From one group to the next in the index, without reading its people.
_GROUPS: Final = text(f"""
    WITH RECURSIVE found (name) AS (
        (SELECT {_GROUP} FROM people WHERE {_REACHABLE} ORDER BY {_GROUP} LIMIT 1)
        UNION ALL
        SELECT (SELECT {_GROUP} FROM people WHERE {_REACHABLE} AND {_GROUP} > found.name ORDER BY {_GROUP} LIMIT 1)
          FROM found WHERE found.name IS NOT NULL
    ), owned AS (
        SELECT name, CASE WHEN pg_input_is_valid(name, 'uuid') THEN CAST(name AS uuid) END AS organization_id
          FROM found WHERE name IS NOT NULL
    )
    SELECT name, CASE WHEN name = '' OR organization_id IS NOT NULL THEN coalesce(time_zone, 'UTC') ELSE name END AS zone
      FROM owned LEFT JOIN organization_policies USING (organization_id)
""")  # noqa: S608 - put together from constants of this module; values are bound

# A page is so many who are looked at, and not who are found, so that each takes the same time. How many people a group has, the
# planner cannot know; it would at times read and sort a whole time zone for each page, and all entries, too, if it were not kept
# from that. Whoever has declined digests would only have them dropped at the gate.
_IN_ORDER: Final = text("SELECT set_config('enable_bitmapscan', 'off', true)")
_PAGE: Final = text(f"""
    WITH page AS MATERIALIZED (
        SELECT {_GROUP} AS "group", reference, organization_id FROM people
         WHERE {_REACHABLE} AND {_GROUP} = ANY(CAST(:groups AS text[]))
           AND ({_GROUP}, reference) > (CAST(:after_group AS text), CAST(:after_person AS text))
         ORDER BY {_GROUP}, reference LIMIT :limit
    )
    SELECT "group", reference,
           (starts_with(reference, 'trips.')
            OR (SELECT true FROM digest_entries AS entry
                 WHERE entry.person = reference AND digested_on IS NULL
                   AND entry.cadence = ANY(CASE WHEN page."group" = ANY(CAST(:mondays AS text[]))
                                                THEN ARRAY['daily', 'weekly'] ELSE ARRAY['daily'] END) LIMIT 1) IS NOT NULL)
           AND 'off' IS DISTINCT FROM coalesce(
               (SELECT choice FROM preferences AS own
                 WHERE own.person = reference AND own.category = :category AND own.channel = 'email'),
               (SELECT choice FROM organization_choices AS ours
                 WHERE ours.organization_id = page.organization_id AND ours.category = :category AND ours.channel = 'email'))
           AS is_due
      FROM page ORDER BY "group", reference
""")  # noqa: S608 - as above

# Those of a digest's cadence, and of the week where that digest is a Monday's.
_DUE: Final = """
    entry.person = ANY(CAST(:people AS text[])) AND entry.digested_on IS NULL
    AND (entry.cadence = :cadence OR entry.cadence = 'weekly' AND entry.person = ANY(CAST(:mondays AS text[])))
"""
_WAITING: Final = text(f"SELECT DISTINCT person FROM digest_entries AS entry WHERE {_DUE}")  # noqa: S608 - as above

# Its reader has declined the category since, by the rules of gates/repository.py, or has complained or unsubscribed elsewhere, by
# those of suppressions/repository.py. What else is on that list stops the digest itself.
_DECLINED: Final = """
    EXISTS (SELECT FROM people
             CROSS JOIN LATERAL (SELECT coalesce(entry.organization_id, people.organization_id) AS id) AS owner
             CROSS JOIN LATERAL law_of(owner.id, entry.category) AS law
              LEFT JOIN preferences AS own
                     ON (own.person, own.category, own.channel) = (entry.person, entry.category, 'email')
              LEFT JOIN organization_choices AS theirs
                     ON (theirs.organization_id, theirs.category, theirs.channel) = (owner.id, entry.category, 'email')
             WHERE people.reference = entry.person AND law.can_be_declined AND coalesce(own.choice, theirs.choice) = 'off')
    OR EXISTS (SELECT FROM suppressions AS known
                CROSS JOIN LATERAL law_of(entry.organization_id, entry.category) AS law
                WHERE known.address_hash = deliveries.address_hash AND known.channel = 'email'
                  AND (known.expires_at IS NULL OR known.expires_at > CAST(:now AS timestamptz))
                  AND (known.scope = 'global' OR known.organization_id IS NOT DISTINCT FROM entry.organization_id)
                  AND (known.category IS NULL OR known.category = entry.category)
                  AND CASE known.reason WHEN 'unsubscribed' THEN law.can_be_declined
                                        WHEN 'complaint' THEN law.counts_as_marketing END)
"""

# By the rules of cancellations/repository.py.
_CANCELLED: Final = """
    EXISTS (SELECT FROM cancellations AS known
             WHERE known.subject_key = ANY(ARRAY[entry.subject_key, 'notifications.delivery:' || entry.delivery_id])
               AND (known.organization_id IS NULL OR known.organization_id = entry.organization_id)
               AND known.cancelled_at >= least(entry.asked_at, deliveries.asked_at))
"""
_STALE: Final = "coalesce(entry.valid_until < CAST(:now AS timestamptz), false)"
_VOID: Final = text(f"""
    DELETE FROM digest_entries USING digest_entries AS entry LEFT JOIN deliveries ON deliveries.id = entry.delivery_id
     WHERE digest_entries.delivery_id = entry.delivery_id AND {_DUE} AND ({_STALE} OR {_CANCELLED} OR {_DECLINED})
    RETURNING entry.delivery_id, CASE WHEN {_CANCELLED} THEN 'cancelled' WHEN {_STALE} THEN 'stale' ELSE 'declined' END AS code
""")  # noqa: S608 - as above
_WHY_VOID: Final = {
    "cancelled": "its subject was cancelled before its digest",
    "stale": "its digest comes after the time until which it was worth telling",
    "declined": "the recipient has declined the category since",
}

_TAKE: Final = text(f"""
    SELECT entry.delivery_id, entry.person, entry.category, deliveries.subject AS title, entry.template_name, entry.occurred_at,
           entry.cadence
      FROM digest_entries AS entry LEFT JOIN deliveries ON deliveries.id = entry.delivery_id
     WHERE {_DUE}
     ORDER BY entry.person, entry.occurred_at, entry.delivery_id FOR UPDATE OF entry
""")  # noqa: S608 - as above

_DIGESTED: Final = text("""
    UPDATE digest_entries SET digested_on = row.day
      FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS row(id, day) WHERE delivery_id = row.id
""")


class DigestReader:
    """What is read of digests."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def groups(self) -> Mapping[str, str]:
        """The time zone of each group of people who can be written to and have their mornings at the same moments: those who have
        a zone of their own, and those of an organization, whose zone is the organization's, else UTC."""
        return {row.name: row.zone for row in await self._session.execute(_GROUPS)}

    async def page(self, look: Look, limit: int) -> Sequence[Candidate]:
        """The next people of a look, in order, with whether there may be something to say to them, and they want it."""
        await self._session.execute(_IN_ORDER)
        mondays = [group for group, day in look.days.items() if day.isoweekday() == MONDAY]
        bound = {
            "groups": list(look.days),
            "mondays": mondays,
            "after_group": look.after_group,
            "after_person": look.after_person,
        }
        found = await self._session.execute(_PAGE, {**bound, "category": CATEGORY, "limit": limit})
        return [Candidate(*row) for row in found]

    async def waiting(self, due: Due) -> set[str]:
        """Those people for whom there are entries that are due."""
        return set(await self._session.scalars(_WAITING, due.bound()))

    async def cadences(self, delivery_ids: Sequence[UUID]) -> Mapping[UUID, Cadence]:
        """Those of these deliveries that were collected before, told of or not, with the digest that they were for."""
        rows = await self._session.execute(_CADENCES, {"ids": list(delivery_ids)})
        return {row.delivery_id: Cadence(row.cadence) for row in rows}


class DigestRepository(DigestReader):
    """What is written of digests."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def collect(self, entries: Sequence[NewEntry], now: datetime) -> None:
        """Keep entries until their digest. A delivery is told of once."""
        columns = {field.name: [getattr(entry, field.name) for entry in entries] for field in fields(NewEntry)}
        await self._writing.execute(_COLLECT, {**columns, "now": now})

    async def progress(self, first: datetime) -> tuple[datetime, Look | None]:
        """Until when mornings have been looked at, and the look that is under way, held until the unit of work ends.

        first: what counts the first time.
        """
        await self._writing.execute(_BEGIN, {"first": first})
        row = (await self._writing.execute(_PROGRESS)).one()
        if row.until is None:
            return row.slot, None
        days = {group: date.fromisoformat(day) for group, day in row.days.items()}
        return row.slot, Look(row.until, days, row.after_group, row.after_person)

    async def reached(self, look: Look, last: Candidate) -> None:
        """So far the look has come."""
        days = json.dumps({group: day.isoformat() for group, day in look.days.items()})
        bound = {"until": look.until, "days": days, "after_group": last.group, "after_person": last.person}
        await self._writing.execute(_REACHED, bound)

    async def looked(self, slot: datetime) -> None:
        """Everybody's morning until then has been looked at."""
        await self._writing.execute(_LOOKED, {"slot": slot})

    async def take(self, due: Due, now: datetime) -> Mapping[str, list[Entry]]:
        """What waits for these people's digests, oldest first, held until the unit of work ends.

        What was cancelled or declined meanwhile, or is too late by now, is forgotten; its delivery's timeline says why.
        """
        void = await self._writing.execute(_VOID, {**due.bound(), "now": now})
        notes = [Note(uuid5(id_, f"void/{code}"), id_, "skipped", code, _WHY_VOID[code]) for id_, code in void]
        if notes:
            await NoteRepository(self._writing).note(notes, now)
        taken: dict[str, list[Entry]] = {}
        for row in (await self._writing.execute(_TAKE, due.bound())).mappings():
            taken.setdefault(row["person"], []).append(Entry(**{**row, "cadence": Cadence(row["cadence"])}))
        return taken

    async def digested(self, told: Mapping[UUID, date]) -> None:
        """These entries stand in digests of these days."""
        bound: dict[str, Any] = {"ids": list(told), "days": list(told.values())}
        await self._writing.execute(_DIGESTED, bound)
