"""Charging mandates: never without a notice that their holders have had, and each try on a notice of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from services.payments.mandates.models import GOOD_FOR, LEAD, UNCONFIRMED, Debit, Notice
from services.payments.mandates.repository import NoticeRepository
from shared.contracts import lanes
from shared.contracts.payments import ProcessPayment, SendDebitNotice
from shared.runtime.outbox import Publisher

_NAMESPACE: Final = UUID("b3c9f0f2-57f4-5d0c-8c65-1c1f0a6c2f4e")


class Noticing:
    """Works in the unit of work that holds the payments."""

    def __init__(self, notices: NoticeRepository, publisher: Publisher) -> None:
        self._notices = notices
        self._publisher = publisher

    async def charge(self, debits: Sequence[Debit], at: datetime) -> datetime | None:
        """Have these charged: on the notices that there are, or once there is one. Returns when the last of them can be."""
        newest = await self._notices.newest({one.key for one in debits})
        ready, waiting, new = list[tuple[Debit, Notice]](), list[Notice](), list[Debit]()
        for one in debits:
            known = newest.get(one.key)
            if known is not None and _is_good(known, one, at):
                ready.append((one, known))
            elif known is not None and _is_coming(known, one, at):
                waiting.append(known)
            else:
                new.append(one)
        await self._notices.then_charge([one.id for one in waiting], at)
        await self.want(await self.distinct([(one, at + LEAD) for one in new], at), then_charge=True, at=at)
        await self.charge_on(ready, at)
        last = [known.charge_after for _, known in ready] + [one.charge_after for one in waiting]
        return max([*last, *(at + LEAD for _ in new)], default=None)

    async def distinct(self, debits: Sequence[tuple[Debit, datetime]], at: datetime) -> list[tuple[Debit, datetime]]:
        """Those of which no notice that is alike is open, one of each kind: the others wait until that debit has ended."""
        taken = await self._notices.open_of({one.payment_method_id for one, _ in debits}, at) if debits else set()
        found = list[tuple[Debit, datetime]]()
        for debit, moment in debits:
            if debit.told not in taken:
                taken.add(debit.told)
                found.append((debit, moment))
        return found

    async def plan(self, debits: Sequence[tuple[Debit, datetime | None]], at: datetime) -> None:
        """After tries: what they were told of is spent, and those that are to be tried again at a moment are told of that."""
        await self._notices.spend([one.key for one, _ in debits], at)
        await self.want([(one, moment) for one, moment in debits if moment is not None], then_charge=False, at=at)

    async def want(self, debits: Sequence[tuple[Debit, datetime]], *, then_charge: bool, at: datetime) -> None:
        """Have notices given of debits that are made after these moments. then_charge: whoever gives one has the charge made."""
        for notice_id in await self._notices.add(debits, then_charge=then_charge, at=at):
            self._publisher.publish(SendDebitNotice(notice_id=notice_id), message_id=uuid5(_NAMESPACE, f"notice/{notice_id}"))

    async def charge_on(self, ready: Sequence[tuple[Debit, Notice]], at: datetime) -> None:
        """Have debits made under the orders of their notices, when these say."""
        orders = dict[UUID, str]()
        for debit, notice in ready:
            assert debit.payment_id is not None, "the caller has a payment for it"
            assert notice.gateway_order_id is not None, "what is delivered came with an order"
            orders[debit.payment_id] = notice.gateway_order_id
            self._publisher.publish(
                ProcessPayment(payment_id=debit.payment_id),
                lane=lanes.PAYMENTS_SUBSCRIPTIONS,
                message_id=uuid5(_NAMESPACE, f"charge/{debit.payment_id}/{notice.id}"),
                due_at=notice.charge_after if notice.charge_after > at else None,
            )
        await self._notices.bind(orders)


def _is_good(notice: Notice, debit: Debit, at: datetime) -> bool:
    return notice.status == "delivered" and notice.is_of(debit) and at <= notice.charge_after + GOOD_FOR


def _is_coming(notice: Notice, debit: Debit, at: datetime) -> bool:
    return notice.status in ("wanted", "asked") and notice.is_of(debit) and at < notice.charge_after + UNCONFIRMED
