"""Statements on preferences and their history."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.policies.repository import quiet_columns, quiet_of
from services.notifications.preferences.models import Change, Channel, Choice, Key, Sheet
from shared.runtime.db import ReadSession, Session

_SHEET: Final = (
    "SELECT person, revision, quiet_from, quiet_until, quiet_days, paused_until FROM preference_sheets WHERE person = :person"
)
_CHOICES: Final = text("SELECT category, channel, choice FROM preferences WHERE person = :person")

_DECLINED: Final = text("""
    SELECT person, category, channel FROM preferences WHERE person = ANY(CAST(:people AS text[])) AND choice = 'off'
     ORDER BY person, category, channel
""")

_HISTORY: Final = text("""
    SELECT id, what, category, channel, before, after, source, actor, key_id, changed_at FROM preference_changes
     WHERE person = :person
       AND (CAST(:at AS timestamptz) IS NULL OR (changed_at, id) < (:at, CAST(:id AS uuid)))
     ORDER BY changed_at DESC, id DESC LIMIT :limit
""")

_LAST_SAID: Final = """
    SELECT max(changed_at) FROM preference_changes
     WHERE {whose} AND what = 'choice' AND category = :category AND channel = :channel
"""
_LAST_SAID_BY_PERSON: Final = text(_LAST_SAID.format(whose="person = :person"))
_LAST_SAID_OF_ADDRESS: Final = text(
    _LAST_SAID.format(
        whose="address_hash = :address_hash AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid)"
    )
)
_HOLD_ADDRESS: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('choices of ' || :address_hash, 0))")

_BEGIN: Final = text("""
    INSERT INTO preference_sheets (person, revision, updated_at) VALUES (:person, 0, :now) ON CONFLICT (person) DO NOTHING
""")

_PUT_SHEET: Final = text("""
    UPDATE preference_sheets
       SET quiet_from = :quiet_from, quiet_until = :quiet_until, quiet_days = CAST(:quiet_days AS smallint[]),
           paused_until = CAST(:paused_until AS date), revision = revision + 1, updated_at = :now
     WHERE person = :person
""")

_CHOOSE: Final = text("""
    INSERT INTO preferences AS known (person, category, channel, choice, updated_at)
    SELECT :person, category, channel, choice, :now
      FROM unnest(CAST(:category AS text[]), CAST(:channel AS text[]), CAST(:choice AS text[])) AS row(category, channel, choice)
     ORDER BY category, channel
    ON CONFLICT (person, category, channel) DO UPDATE SET choice = excluded.choice, updated_at = excluded.updated_at
     WHERE known.choice <> excluded.choice
""")

_WITHDRAW: Final = text("""
    DELETE FROM preferences USING unnest(CAST(:category AS text[]), CAST(:channel AS text[])) AS row(category, channel)
     WHERE preferences.person = :person AND preferences.category = row.category AND preferences.channel = row.channel
""")

_RECORDED: Final = tuple(field.name for field in fields(Change))
_TYPES: Final = {"changed_at": "timestamptz", "organization_id": "uuid"}
_RECORD: Final = text(f"""
    INSERT INTO preference_changes ({", ".join(_RECORDED)})
    SELECT {", ".join(_RECORDED)}
      FROM unnest({", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text')}[])" for name in _RECORDED)})
           WITH ORDINALITY AS row({", ".join(_RECORDED)}, place)
     ORDER BY place
""")  # noqa: S608 - put together from constants of this module; values are bound

_REMOVE_OLD: Final = text("""
    DELETE FROM preference_changes WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM preference_changes WHERE changed_at < :before ORDER BY changed_at LIMIT :limit FOR UPDATE SKIP LOCKED))
""")


class PreferenceReader:
    """What is read of preferences."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def sheet(self, person: str) -> Sheet:
        """What the person has said about times; at revision 0 where that is nothing."""
        row = (await self._session.execute(text(_SHEET), {"person": person})).one_or_none()
        return _sheet(row) if row is not None else Sheet(person, 0, None, None)

    async def choices(self, person: str) -> Mapping[Key, Choice]:
        """What the person has chosen."""
        rows = await self._session.execute(_CHOICES, {"person": person})
        return {Key(row.category, Channel(row.channel)): Choice(row.choice) for row in rows}

    async def declined(self, people: Sequence[str]) -> Mapping[str, Sequence[Key]]:
        """What each of these people has switched off; those who have switched off nothing are missing."""
        found: dict[str, list[Key]] = {}
        for row in await self._session.execute(_DECLINED, {"people": list(people)}):
            found.setdefault(row.person, []).append(Key(row.category, Channel(row.channel)))
        return found

    async def history(self, person: str, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Any]:
        """The newest first. after: (changed_at, id) of the last one seen. Rows with the columns of ChangeOut, and `id`."""
        at, last = after if after is not None else (None, None)
        return (await self._session.execute(_HISTORY, {"person": person, "at": at, "id": last, "limit": limit})).all()

    async def last_said(self, person: str, key: Key) -> datetime | None:
        """When the person, or somebody for them, has said something of this last; None where nobody has."""
        bound = {"person": person, "category": key.category, "channel": key.channel}
        found: datetime | None = await self._session.scalar(_LAST_SAID_BY_PERSON, bound)
        return found

    async def last_said_of_address(self, address_hash: str, key: Key, organization_id: UUID | None) -> datetime | None:
        """The same of an address that belongs to nobody known, and of this organization's messages."""
        bound = {"address_hash": address_hash, "organization_id": organization_id}
        bound |= {"category": key.category, "channel": key.channel}
        found: datetime | None = await self._session.scalar(_LAST_SAID_OF_ADDRESS, bound)
        return found


class PreferenceRepository(PreferenceReader):
    """What is written of preferences."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def locked(self, person: str, now: datetime) -> Sheet:
        """The person's sheet, made where there is none, and held until the unit of work ends."""
        await self._writing.execute(_BEGIN, {"person": person, "now": now})
        return _sheet((await self._writing.execute(text(f"{_SHEET} FOR UPDATE"), {"person": person})).one())

    async def hold_address(self, address_hash: str) -> None:
        """Until the unit of work ends, nobody else changes what is chosen for the address."""
        await self._writing.execute(_HOLD_ADDRESS, {"address_hash": address_hash})

    async def put_sheet(self, sheet: Sheet, now: datetime) -> None:
        """Keep what is said about times, and raise the revision, also where choices alone have changed."""
        times = {**quiet_columns(sheet.quiet), "paused_until": sheet.paused_until}
        await self._writing.execute(_PUT_SHEET, {"person": sheet.person, "now": now, **times})

    async def choose(self, person: str, choices: Mapping[Key, Choice], now: datetime) -> None:
        """Keep these choices and leave the others as they are. Needs the sheet."""
        await self._writing.execute(_CHOOSE, {"person": person, "now": now, **_columns(choices), "choice": [*choices.values()]})

    async def withdraw(self, person: str, keys: Sequence[Key]) -> None:
        """Leave these to the organization again."""
        await self._writing.execute(_WITHDRAW, {"person": person, **_columns(keys)})

    async def record(self, changes: Sequence[Change]) -> None:
        """Add to the history."""
        columns = {name: [getattr(change, name) for change in changes] for name in _RECORDED}
        await self._writing.execute(_RECORD, columns)

    async def remove_older(self, before: datetime, limit: int) -> int:
        """Forget history from before a moment, `limit` lines at most; says how many."""
        removed: Any = await self._writing.execute(_REMOVE_OLD, {"before": before, "limit": limit})
        count: int = removed.rowcount
        return count


def _columns(keys: Mapping[Key, Choice] | Sequence[Key]) -> dict[str, list[str]]:
    return {"category": [key.category for key in keys], "channel": [key.channel for key in keys]}


def _sheet(row: Any) -> Sheet:
    return Sheet(row.person, row.revision, quiet_of(row), row.paused_until)
