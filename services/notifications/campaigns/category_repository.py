"""Which categories a campaign may have."""

from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession

_LEGAL_CLASS: Final = text("""
    SELECT legal_class FROM categories
     WHERE name = :name AND (organization_id IS NULL OR organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid))
""")


class CategoryReader:
    """What campaigns read of categories."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def legal_class(self, name: str, organization_id: UUID | None) -> str | None:
        """`transactional`, `service` or `marketing`; None for a category that nobody has declared."""
        bound = {"name": name, "organization_id": organization_id}
        found: str | None = (await self._session.execute(_LEGAL_CLASS, bound)).scalar_one_or_none()
        return found
