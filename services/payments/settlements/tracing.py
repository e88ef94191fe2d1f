"""Order, payment and settlement of one id: whichever of them somebody has in hand, it leads to the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.payments.settlements.errors import NothingTraced
from services.payments.settlements.models import Item
from services.payments.settlements.reading_repository import SettlementReader
from services.payments.settlements.tracing_repository import TraceReader

MOST: Final = 200
"""A settlement has thousands of payments; a trace shows so many, and says that there are more."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What belongs together. is_cut: there is more of it than is shown."""

    payments: Sequence[Any]
    refunds: Sequence[Any]
    disputes: Sequence[Any]
    items: Sequence[Item]
    settlements: Sequence[Any]
    cases: Sequence[Any]
    is_cut: bool


class Tracing:
    """Reads, in one session."""

    def __init__(self, reader: TraceReader, settlements: SettlementReader) -> None:
        self._reader = reader
        self._settlements = settlements

    async def of(self, named: str, organization_id: UUID | None) -> Trace:
        """Everything around an id: ours, a gateway's, an order's number or a bank's reference. Raises NothingTraced."""
        payments = await self._reader.payments(named, _uuid(named), organization_id, MOST + 1)
        ids = [one["id"] for one in payments]
        items = await self._settlements.about(named, ids, organization_id, limit=MOST + 1)
        cases = await self._reader.cases(ids, sorted({named, *(one.entity_id for one in items)}), organization_id)
        if not (payments or items or cases):
            raise NothingTraced(
                "no order, payment, refund, dispute or settlement of this id is known; a number of an order, "
                "an id of ours or of a gateway, and a bank's reference (UTR) are looked for"
            )
        return Trace(
            payments=payments[:MOST],
            refunds=await self._reader.refunds(ids),
            disputes=await self._reader.disputes(ids),
            items=items[:MOST],
            settlements=await self._reader.settlements([one.id for one in items]),
            cases=cases,
            is_cut=len(payments) > MOST or len(items) > MOST,
        )


def _uuid(named: str) -> UUID | None:
    try:
        return UUID(named)
    except ValueError:
        return None
