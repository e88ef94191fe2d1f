"""Statements on disputes."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.disputes.models import Dispute
from shared.runtime.db import ReadSession

_COLUMNS: Final = ", ".join(field.name for field in fields(Dispute))
_OF_PAYMENTS: Final = text(f"""
    SELECT {_COLUMNS} FROM disputes WHERE payment_id = ANY (CAST(:ids AS uuid[])) ORDER BY id
""")  # noqa: S608 - the columns are constants of this module
_NEWEST: Final = text(f"""
    SELECT {_COLUMNS} FROM disputes
     WHERE coalesce(organization_id = CAST(:organization_id AS uuid), CAST(:organization_id AS uuid) IS NULL)
       AND coalesce(id < CAST(:after AS uuid), true) AND (NOT :open_only OR rank < 3)
     ORDER BY id DESC LIMIT :limit
""")  # noqa: S608 - as above


class DisputeReader:
    """What is read of disputes; facts write them."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def of_payments(self, payment_ids: Collection[UUID]) -> Sequence[Dispute]:
        """All of these payments."""
        return [Dispute(**row) for row in (await self._session.execute(_OF_PAYMENTS, {"ids": list(payment_ids)})).mappings()]

    async def newest(self, organization_id: UUID | None, *, open_only: bool, after: UUID | None, limit: int) -> Sequence[Dispute]:
        """By descending id, from after `after` on. organization_id: None for a caller who sees everybody's, and nobody's."""
        bound = {"organization_id": organization_id, "open_only": open_only, "after": after, "limit": limit}
        return [Dispute(**row) for row in (await self._session.execute(_NEWEST, bound)).mappings()]
