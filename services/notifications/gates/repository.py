"""What the gates ask of the database: one statement for a whole batch."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import text

from services.notifications.policies.models import DEDUPE_HOURS
from services.notifications.policies.repository import quiet_of
from services.notifications.preferences.models import Choice, QuietHours
from shared.runtime.db import Session

F = TypeVar("F")
R = TypeVar("R", bound="Reader")

UNKNOWN_HOURS: Final = 6
"""How long a delivery that was given up keeps its dedupe key while its provider may still report that it has it."""

# Nearly all is wanted or transactional, and not read into memory.
_CHOSEN: Final = text("""
    SELECT asked.number, coalesce(own.choice, theirs.choice) AS choice,
           coalesce(own_digest.choice, their_digest.choice, 'on') AS digest,
           coalesce(people.time_zone, home.time_zone, 'UTC') AS time_zone
      FROM unnest(CAST(:number AS int[]), CAST(:organization_id AS uuid[]), CAST(:person AS text[]), CAST(:category AS text[]),
                  CAST(:channel AS text[])) AS asked(number, organization_id, person, category, channel)
      LEFT JOIN people ON people.reference = asked.person
      LEFT JOIN organization_policies AS home ON home.organization_id = people.organization_id
      LEFT JOIN LATERAL (SELECT coalesce(asked.organization_id, people.organization_id) AS id) AS organization ON true
     CROSS JOIN LATERAL law_of(organization.id, asked.category) AS law
      LEFT JOIN preferences AS own ON (own.person, own.category, own.channel) = (asked.person, asked.category, asked.channel)
      LEFT JOIN organization_choices AS theirs
             ON (theirs.organization_id, theirs.category, theirs.channel) = (organization.id, asked.category, asked.channel)
      LEFT JOIN preferences AS own_digest
             ON (own_digest.person, own_digest.category, own_digest.channel) = (asked.person, 'digests', 'email')
      LEFT JOIN organization_choices AS their_digest
             ON their_digest.organization_id = organization.id AND their_digest.category = 'digests'
            AND their_digest.channel = 'email'
     WHERE law.can_be_declined AND coalesce(own.choice, theirs.choice, 'on') <> 'on'
""")

_SILENCE: Final = text("""
    SELECT asked.number, coalesce(people.time_zone, asked.time_zone, policy.time_zone, 'UTC') AS time_zone, sheet.paused_until,
           coalesce(people.time_zone, asked.time_zone, policy.time_zone) IS NOT NULL AS is_told,
           CASE WHEN sheet.quiet_days IS NOT NULL THEN sheet.quiet_from ELSE policy.quiet_from END AS quiet_from,
           CASE WHEN sheet.quiet_days IS NOT NULL THEN sheet.quiet_until ELSE policy.quiet_until END AS quiet_until,
           coalesce(sheet.quiet_days, policy.quiet_days) AS quiet_days
      FROM unnest(CAST(:number AS int[]), CAST(:organization_id AS uuid[]), CAST(:person AS text[]), CAST(:time_zone AS text[]))
           AS asked(number, organization_id, person, time_zone)
      LEFT JOIN people ON people.reference = asked.person
      LEFT JOIN preference_sheets AS sheet ON sheet.person = asked.person
      LEFT JOIN organization_policies AS policy
             ON policy.organization_id = coalesce(asked.organization_id, people.organization_id)
     WHERE sheet.paused_until IS NOT NULL OR coalesce(sheet.quiet_days, policy.quiet_days) <> '{}'
""")

# By when it went out and not by when it came: what quiet hours have held goes out in one minute. What this batch is about to send
# is counted by the gate, so here it is left out.
_COUNTED: Final = text("""
    SELECT asked.id, policy.throttle_per_hour, policy.throttle_per_day,
           count(*) FILTER (WHERE before.status = 'sending'
                               OR before.finished_at > CAST(:now AS timestamptz) - interval '1 hour') AS last_hour,
           count(before.id) AS last_day
      FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:address_hash AS text[]), CAST(:category AS text[]))
           AS asked(id, organization_id, address_hash, category)
      JOIN organization_policies AS policy ON policy.organization_id = asked.organization_id
       AND coalesce(policy.throttle_per_hour, policy.throttle_per_day) IS NOT NULL
     CROSS JOIN LATERAL law_of(asked.organization_id, asked.category) AS law
      LEFT JOIN deliveries AS before
             ON before.address_hash = asked.address_hash AND before.category = asked.category
            AND before.organization_id = asked.organization_id
            AND (before.status = 'sending'
                 OR before.status = 'sent' AND before.finished_at > CAST(:now AS timestamptz) - interval '1 day')
            -- For the index: nearly nothing is held for longer.
            AND before.created_at > CAST(:now AS timestamptz) - interval '30 days'
            AND before.id <> ALL (CAST(:id AS uuid[]))
     WHERE law.can_be_declined
     GROUP BY asked.id, policy.throttle_per_hour, policy.throttle_per_day
""")

# A key that its organization does not count any more is taken over as if it had been forgotten. In the order of the index, so
# that two batches with the same keys wait for each other and not both at once.
_TAKE: Final = text("""
    INSERT INTO dedupe_keys AS known (organization_id, channel, recipient, dedupe_key, delivery_id, created_at)
    SELECT asked.organization_id, channel, recipient, dedupe_key, id, :now
      FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:channel AS text[]), CAST(:recipient AS text[]),
                  CAST(:dedupe_key AS text[])) AS asked(id, organization_id, channel, recipient, dedupe_key)
     ORDER BY dedupe_key, recipient, channel, asked.organization_id
    ON CONFLICT (dedupe_key, recipient, channel, organization_id) DO UPDATE
       SET delivery_id = excluded.delivery_id, created_at = excluded.created_at
     WHERE known.created_at <= CAST(:now AS timestamptz) - make_interval(hours => coalesce(
               (SELECT dedupe_hours FROM organization_policies AS policy WHERE policy.organization_id = known.organization_id),
               :hours))
        -- Of what has not gone out, and stands in no digest either, there is no second. What may have gone out is waited for.
        OR known.delivery_id <> excluded.delivery_id
           AND EXISTS (SELECT FROM deliveries
                        WHERE deliveries.id = known.delivery_id AND status IN ('failed', 'dropped')
                          AND coalesce(receipt, 'none') NOT IN ('delivered', 'complained')
                          AND (finished_at <= CAST(:now AS timestamptz) - make_interval(hours => :unknown_hours)
                               OR NOT EXISTS (SELECT FROM delivery_attempts
                                               WHERE delivery_attempts.delivery_id = deliveries.id AND outcome = 'unknown')))
           AND NOT EXISTS (SELECT FROM digest_entries WHERE digest_entries.delivery_id = known.delivery_id)
    RETURNING delivery_id
""")

_HOLDERS: Final = text("""
    SELECT asked.id, known.delivery_id
      FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:channel AS text[]), CAST(:recipient AS text[]),
                  CAST(:dedupe_key AS text[])) AS asked(id, organization_id, channel, recipient, dedupe_key)
      JOIN dedupe_keys AS known
        ON (known.dedupe_key, known.recipient, known.channel) = (asked.dedupe_key, asked.recipient, asked.channel)
       AND known.organization_id IS NOT DISTINCT FROM asked.organization_id
""")


class Reader(Protocol):
    """What is known of somebody who may want silence. id: of the delivery, or of whatever else is on its way to the reader."""

    @property
    def id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID | None: ...
    @property
    def to_person(self) -> str | None: ...
    @property
    def time_zone(self) -> str | None: ...


class Asked(Reader, Protocol):
    """What the other statements need to know of a candidate; see gate.py."""

    @property
    def channel(self) -> str: ...
    @property
    def address_hash(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def dedupe_key(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """choice: anything but on. digest: whether summaries are wanted. time_zone: in which the person has mornings."""

    choice: Choice
    digest: Choice
    time_zone: str


@dataclass(frozen=True, slots=True)
class Silence:
    """When a recipient wants no messages, and in which time zone: UTC where nobody has told one (is_told)."""

    time_zone: str
    quiet: QuietHours | None
    paused_until: date | None
    is_told: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """What may be sent to a recipient in an hour and in a day, and what was."""

    per_hour: int | None
    per_day: int | None
    last_hour: int
    last_day: int


class GateRepository:
    """Answers about candidates, by the ids of their deliveries; who is missing may pass."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def chosen(self, candidates: Sequence[Asked]) -> Mapping[UUID, Chosen]:
        """What counts for each that may be declined: the person's choice, else the organization's, unless it is on."""
        alike = _alike(candidates, lambda one: (one.organization_id, one.to_person, one.category, one.channel))
        rows = await self._session.execute(_CHOSEN, _turned(alike, "organization_id", "person", "category", "channel"))
        found = {row.number: Chosen(Choice(row.choice), Choice(row.digest), row.time_zone) for row in rows}
        return _spread(found, alike)

    async def silences(self, candidates: Sequence[Reader]) -> Mapping[UUID, Silence]:
        """When each wants none: the person's own hours and pause, else the hours of the organization."""
        alike = _alike(candidates, lambda one: (one.organization_id, one.to_person, one.time_zone))
        rows = await self._session.execute(_SILENCE, _turned(alike, "organization_id", "person", "time_zone"))
        found = {row.number: Silence(row.time_zone, quiet_of(row), row.paused_until, row.is_told) for row in rows}
        return _spread(found, alike)

    async def counted(self, candidates: Sequence[Asked], now: datetime) -> Mapping[UUID, Counted]:
        """What their recipients have had of their category, where it is not transactional and the organization has a limit."""
        columns = {
            "id": [one.id for one in candidates],
            "organization_id": [one.organization_id for one in candidates],
            "address_hash": [one.address_hash for one in candidates],
            "category": [one.category for one in candidates],
        }
        rows = await self._session.execute(_COUNTED, {**columns, "now": now})
        return {row.id: Counted(row.throttle_per_hour, row.throttle_per_day, row.last_hour, row.last_day) for row in rows}

    async def take_keys(self, candidates: Sequence[Asked], now: datetime) -> Set[UUID]:
        """Give each dedupe key that is free to its candidate; waits for whoever is about to take the same one.

        Of one key, recipient, channel and organization there is one candidate. Returns whose key was free.
        """
        bound = {"now": now, "hours": DEDUPE_HOURS, "unknown_hours": UNKNOWN_HOURS}
        return set(await self._session.scalars(_TAKE, {**_keys(candidates), **bound}))

    async def holders(self, candidates: Sequence[Asked]) -> Mapping[UUID, UUID]:
        """Which delivery has each candidate's key."""
        return {row.id: row.delivery_id for row in await self._session.execute(_HOLDERS, _keys(candidates))}


def _alike(candidates: Sequence[R], facts: Callable[[R], tuple[Any, ...]]) -> Mapping[tuple[Any, ...], Sequence[UUID]]:
    """The candidates' ids by what is asked about them. Those of a campaign that goes to addresses are all alike."""
    found: dict[tuple[Any, ...], list[UUID]] = {}
    for one in candidates:
        found.setdefault(facts(one), []).append(one.id)
    return found


def _turned(alike: Mapping[tuple[Any, ...], Sequence[UUID]], *names: str) -> dict[str, Sequence[Any]]:
    """What is asked about, as columns, numbered."""
    return {"number": range(len(alike)), **dict(zip(names, zip(*alike, strict=True), strict=True))}


def _spread(found: Mapping[int, F], alike: Mapping[tuple[Any, ...], Sequence[UUID]]) -> Mapping[UUID, F]:
    """What was found by number, by the candidates' ids."""
    return {key: found[number] for number, keys in enumerate(alike.values()) if number in found for key in keys}


def recipient_of(candidate: Asked) -> str:
    """By what a recipient is known here: the reference of a person, or the hash of an address."""
    return candidate.to_person or candidate.address_hash


def _keys(candidates: Sequence[Asked]) -> dict[str, list[Any]]:
    return {
        "id": [one.id for one in candidates],
        "organization_id": [one.organization_id for one in candidates],
        "channel": [one.channel for one in candidates],
        "recipient": [recipient_of(one) for one in candidates],
        "dedupe_key": [one.dedupe_key for one in candidates],
    }
