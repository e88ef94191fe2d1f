"""What billing would do if it ran at a moment, without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.subscriptions.deciding import decide
from services.payments.subscriptions.due_models import Due, Unbillable
from services.payments.subscriptions.due_repository import DueReader
from services.payments.subscriptions.due_rows import due_of
from services.payments.subscriptions.making import made
from services.payments.subscriptions.schemas import DryRunOut, DryRunTotal, HeldOut, WouldBill

AT_ONCE: Final = 500
MOST: Final = 20_000
"""So many subscriptions are looked at; what is more is said to be left out."""
SHOWN: Final = 200
"""So many bills and so many that would wait are listed; the totals are of all."""


@dataclass(slots=True)
class _Sum:
    periods: int = 0
    charged: int = 0
    total_minor: int = 0
    charged_minor: int = 0
    deliveries: int = 0


class DryRun:
    """Reads alone."""

    def __init__(self, due: DueReader) -> None:
        self._due = due

    async def count(self, organization_id: UUID, at: datetime) -> DryRunOut:
        """Totals by currency, and the first bills one by one. A pause of billing is overlooked."""
        sums: dict[str, _Sum] = {}
        bills, held = list[WouldBill](), list[HeldOut]()
        after, looked_at, is_more = None, 0, True
        while is_more and looked_at < MOST:
            rows = await self._due.look(at, organization_id, after=after, limit=AT_ONCE)
            found = [due_of(row, at) for row in rows]
            looked_at += len(found)
            is_more = len(found) == AT_ONCE
            after = found[-1].id if found else None
            self._add(found, at, sums, bills, held)
        return DryRunOut(
            at=at,
            subscriptions=looked_at,
            complete=not is_more,
            totals=[DryRunTotal(currency=currency, **_fields(one)) for currency, one in sorted(sums.items())],
            bills=bills[:SHOWN],
            held=held[:SHOWN],
        )

    def _add(
        self,
        found: Sequence[Due | Unbillable],
        at: datetime,
        sums: dict[str, _Sum],
        bills: list[WouldBill],
        held: list[HeldOut],
    ) -> None:
        for one in found:
            if isinstance(one, Unbillable):
                held.append(HeldOut(subscription_id=one.id, reason=one.reason))
                continue
            decision = decide(one, at)
            if decision.held_reason is not None:
                held.append(HeldOut(subscription_id=one.id, reason=decision.held_reason))
            for billed in decision.billed:
                new = made(decision, billed)
                into = sums.setdefault(new.period.currency, _Sum())
                into.periods += 1
                into.total_minor += new.period.total_minor
                into.deliveries += new.order is not None
                if new.payment is not None:
                    into.charged += 1
                    into.charged_minor += new.payment.amount_minor
                if len(bills) < SHOWN:
                    bills.append(
                        WouldBill(
                            subscription_id=one.id,
                            start_on=new.period.start_on,
                            end_on=new.period.end_on,
                            currency=new.period.currency,
                            total_minor=new.period.total_minor,
                            is_charged=new.payment is not None,
                            fault=new.fault,
                        )
                    )


def _fields(one: _Sum) -> dict[str, int]:
    return {name: getattr(one, name) for name in _Sum.__slots__}
