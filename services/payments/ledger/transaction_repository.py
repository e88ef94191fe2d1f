"""Reading transactions."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from services.payments.ledger.filter_models import TransactionFilter
from services.payments.ledger.models import LedgerTransaction
from shared.runtime.db import ReadSession


class TransactionReader:
    """Reads transactions with their entries."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, transaction_id: UUID, organization_id: UUID | None) -> LedgerTransaction | None:
        """One transaction; None when there is none with this id, or it is another organization's."""
        query = select(LedgerTransaction).where(LedgerTransaction.id == transaction_id)
        if organization_id is not None:
            query = query.where(LedgerTransaction.organization_id == organization_id)
        return (await self._session.scalars(query.options(selectinload(LedgerTransaction.entries)))).one_or_none()

    async def newest(
        self, meant: TransactionFilter, organization_id: UUID | None, *, after: UUID | None, limit: int
    ) -> Sequence[LedgerTransaction]:
        """The newest posted first, of one organization or of all, beginning after the transaction `after`."""
        exact = {
            LedgerTransaction.organization_id: organization_id,
            LedgerTransaction.source: meant.source,
            LedgerTransaction.source_id: meant.source_id,
            LedgerTransaction.reverses: meant.reverses,
        }
        query = select(LedgerTransaction).where(*(column == value for column, value in exact.items() if value is not None))
        if after is not None:
            query = query.where(LedgerTransaction.id < after)
        query = query.order_by(LedgerTransaction.id.desc()).limit(limit).options(selectinload(LedgerTransaction.entries))
        return (await self._session.scalars(query)).all()
