"""Customers as invoices name them."""

from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.invoices.party_models import Buyer
from services.payments.legal_entities.models import Address
from shared.runtime.db import ReadSession

_FIND: Final = text("""
    SELECT name, email, phone, address, state_code, gstin FROM customers WHERE id = :id AND organization_id = :organization_id
""")


class BuyerReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, customer_id: UUID, *, organization_id: UUID, delivery: Address | None = None) -> Buyer | None:
        """The customer as a buyer. delivery: where that is elsewhere."""
        bound = {"id": customer_id, "organization_id": organization_id}
        row = (await self._session.execute(_FIND, bound)).mappings().one_or_none()
        if row is None:
            return None
        buyer = Buyer.model_validate(dict(row))
        return buyer if delivery in (None, buyer.address) else buyer.model_copy(update={"delivery": delivery})
