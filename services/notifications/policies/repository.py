"""Statements on organizations' policies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from services.notifications.policies.models import Policy
from services.notifications.preferences.models import Channel, Choice, Key, QuietHours
from shared.runtime.db import ReadSession, Session

_PLAIN: Final = tuple(
    field.name for field in fields(Policy) if field.name not in ("organization_id", "revision", "quiet", "choices")
)
_NAMES: Final = (*_PLAIN, "quiet_from", "quiet_until", "quiet_days")

_FIND: Final = f"""
    SELECT organization_id, revision, {", ".join(_NAMES)} FROM organization_policies
     WHERE organization_id = ANY(CAST(:organization_ids AS uuid[]))
"""  # noqa: S608 - put together from constants of this module; values are bound

_COUNTRIES: Final = text("""
    SELECT organization_id, country FROM organization_policies
     WHERE organization_id = ANY(CAST(:organization_ids AS uuid[])) AND country IS NOT NULL
""")

_CHOICES: Final = text("""
    SELECT organization_id, category, channel, choice FROM organization_choices
     WHERE organization_id = ANY(CAST(:organization_ids AS uuid[]))
""")

_PUT: Final = text(f"""
    INSERT INTO organization_policies AS known (organization_id, revision, {", ".join(_NAMES)}, updated_at, updated_by)
    VALUES (:organization_id, 1, {", ".join(f":{name}" for name in _NAMES)}, :now, :by)
    ON CONFLICT (organization_id) DO UPDATE SET
           {", ".join(f"{name} = excluded.{name}" for name in _NAMES)},
           revision = known.revision + 1, updated_at = excluded.updated_at, updated_by = excluded.updated_by
     WHERE known.revision = :seen
    RETURNING revision
""")  # noqa: S608 - as above

_CLEAR: Final = text("DELETE FROM organization_choices WHERE organization_id = :organization_id")
_CHOOSE: Final = text("""
    INSERT INTO organization_choices (organization_id, category, channel, choice)
    SELECT :organization_id, category, channel, choice
      FROM unnest(CAST(:category AS text[]), CAST(:channel AS text[]), CAST(:choice AS text[])) AS row(category, channel, choice)
""")


class PolicyReader:
    """What is read of policies."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find_many(self, organization_ids: Sequence[UUID]) -> Mapping[UUID, Policy]:
        """The policies of these organizations, in two statements; who has said nothing is missing."""
        bound = {"organization_ids": sorted(set(organization_ids))}
        found = {row.organization_id: _policy(row) for row in await self._session.execute(text(_FIND), bound)}
        chosen: dict[UUID, dict[Key, Choice]] = {}
        for row in await self._session.execute(_CHOICES, bound) if found else ():
            chosen.setdefault(row.organization_id, {})[Key(row.category, Channel(row.channel))] = Choice(row.choice)
        return {key: replace(policy, choices=chosen.get(key, {})) for key, policy in found.items()}

    async def countries(self, organization_ids: Collection[UUID]) -> Mapping[UUID | None, str]:
        """Whose numbers these organizations may write without a plus; who has said nothing is missing."""
        found = await self._session.execute(_COUNTRIES, {"organization_ids": sorted(organization_ids)})
        return {row.organization_id: row.country for row in found}

    async def find(self, organization_id: UUID | None) -> Policy:
        """One organization's policy; one that says nothing where there is none, and where there is no organization."""
        if organization_id is None:
            return Policy()
        return (await self.find_many([organization_id])).get(organization_id, Policy(organization_id))


class PolicyRepository(PolicyReader):
    """What is written of policies."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def locked_revision(self, organization_id: UUID) -> int:
        """Held until the unit of work ends; 0 where there is none."""
        query = text(f"{_FIND} FOR UPDATE")
        row = (await self._writing.execute(query, {"organization_ids": [organization_id]})).one_or_none()
        return row.revision if row is not None else 0

    async def put(self, policy: Policy, *, now: datetime, by: str) -> int | None:
        """Create or replace; the new revision. policy.revision: the one that is replaced; None where there is another."""
        bound: dict[str, Any] = {name: getattr(policy, name) for name in _PLAIN} | quiet_columns(policy.quiet)
        about = {"organization_id": policy.organization_id}
        put = await self._writing.execute(_PUT, {**bound, **about, "seen": policy.revision, "now": now, "by": by})
        revision: int | None = put.scalar_one_or_none()
        if revision is None:
            return None
        await self._writing.execute(_CLEAR, about)
        chosen = sorted(policy.choices.items(), key=lambda item: (item[0].category, item[0].channel))
        columns = {
            "category": [key.category for key, _ in chosen],
            "channel": [key.channel for key, _ in chosen],
            "choice": [choice for _, choice in chosen],
        }
        await self._writing.execute(_CHOOSE, {**about, **columns})
        return revision


def quiet_columns(quiet: QuietHours | None) -> dict[str, Any]:
    """Quiet hours as the tables hold them."""
    if quiet is None:
        return {"quiet_from": None, "quiet_until": None, "quiet_days": None}
    return {"quiet_from": quiet.begin, "quiet_until": quiet.end, "quiet_days": sorted(quiet.days)}


def quiet_of(row: Any) -> QuietHours | None:
    """Quiet hours of a row that has them."""
    return None if row.quiet_days is None else QuietHours(row.quiet_from, row.quiet_until, frozenset(row.quiet_days))


def _policy(row: Any) -> Policy:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return Policy(organization_id=row.organization_id, revision=row.revision, quiet=quiet_of(row), **plain)
