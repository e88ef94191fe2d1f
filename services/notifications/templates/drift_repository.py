"""Overrides whose default has moved since they were written, in one statement."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text

from services.notifications.templates.models import PARTS
from shared.runtime.db import ReadSession


def _parts(condition: str, *others: str) -> str:
    cases = [f"CASE WHEN {condition.format(part=part)} THEN '{part}' END" for part in PARTS]
    return f"array_remove(ARRAY[{', '.join([*cases, *others])}], NULL)"


_VARIABLES: Final = (
    "CASE WHEN coalesce(old.variables, '{}') IS DISTINCT FROM coalesce(current.variables, '{}') THEN 'variables' END"
)


# The default that an override's readers would get in its place: of the nearest language, English at last. One that was retired
# without another in its place is a move as well: what the override left to it, nobody says any more.
_DRIFTED: Final = text(f"""
    SELECT * FROM (
        SELECT own.id, mine.name, mine.organization_id, own.locale, own.number, own.based_on, current.number AS current,
               current.published_at AS moved_at, {_parts("old.{part} IS DISTINCT FROM current.{part}", _VARIABLES)} AS changed,
               {_parts("old.{part} IS DISTINCT FROM current.{part} AND own.{part} IS NOT NULL")} AS overridden
          FROM templates AS mine
          JOIN template_versions AS own ON own.template_id = mine.id AND own.state = 'published'
          JOIN templates AS base ON base.name = mine.name AND base.organization_id IS NULL
          LEFT JOIN LATERAL (
              SELECT * FROM template_versions
               WHERE template_id = base.id AND state = 'published'
                 AND (locale = 'en' OR locale = own.locale OR starts_with(own.locale, locale || '-'))
               ORDER BY CASE WHEN locale = own.locale OR starts_with(own.locale, locale || '-') THEN length(locale) END
                        DESC NULLS LAST
               LIMIT 1) AS current ON true
          LEFT JOIN template_versions AS old ON old.template_id = base.id AND old.number = own.based_on
         WHERE mine.organization_id IS NOT NULL
           AND (CAST(:organization_id AS uuid) IS NULL OR mine.organization_id = :organization_id)
           AND (CAST(:after_name AS text) IS NULL OR (mine.name, own.id) > (:after_name, CAST(:after_id AS uuid)))
           AND own.based_on IS DISTINCT FROM current.number) AS drifted
     WHERE changed <> '{{}}'
     ORDER BY name, id LIMIT :limit
""")  # noqa: S608 - made of the names of our own columns


class DriftReader:
    """What is read to compare overrides with defaults."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def drifted(self, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Row[Any]]:
        """Published overrides of an organization, or of all, whose default says something else by now; by name."""
        after_name, after_id = after if after is not None else (None, None)
        bound = {"organization_id": organization_id, "after_name": after_name, "after_id": after_id, "limit": limit}
        return (await self._session.execute(_DRIFTED, bound)).all()
