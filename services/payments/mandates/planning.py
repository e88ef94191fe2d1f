"""Notices by the clock: of what is billed within two days, and of what nobody has heard."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments.mandates.models import AHEAD, LEAD, UNCONFIRMED, Debit, needs_notice
from services.payments.mandates.news import NoticeNews
from services.payments.mandates.noticing import Noticing
from services.payments.mandates.repository import NoticeRepository
from services.payments.periods.zones import midnight
from services.payments.subscriptions.deciding import preview
from services.payments.subscriptions.due_models import Due, DueRow
from services.payments.subscriptions.due_rows import due_of
from shared.contracts.payments import PlanDebitNotices
from shared.runtime.outbox import Publisher

AT_ONCE: Final = 500
"""So many subscriptions are dealt with by one message; the rest by one that follows."""


class NoticePlanning:
    """Works in one unit of work. A second run finds nothing that the first one has seen to."""

    def __init__(self, notices: NoticeRepository, noticing: Noticing, news: NoticeNews, publisher: Publisher) -> None:
        self._notices = notices
        self._noticing = noticing
        self._news = news
        self._publisher = publisher

    async def run(self, slot: datetime, after: UUID | None) -> None:
        """Have notices given of the debits of the two days after `slot`, and give up those that nobody has confirmed.

        after: the last subscription that an earlier message of the same run has looked at.
        """
        # These first: what follows from them holds payments, which goes before holding subscriptions.
        await self._news.apply_reports(slot)
        late = await self._notices.unconfirmed(slot - UNCONFIRMED, AT_ONCE)
        await self._news.give_up(late, slot)
        # What had to wait for a notice that was alike.
        await self._noticing.charge(await self._notices.left_over(AT_ONCE), slot)
        rows = await self._notices.upcoming(slot, slot + AHEAD, after=after, limit=AT_ONCE)
        upcoming = [found for row in rows if (found := _debit(row, slot)) is not None]
        await self._noticing.want(await self._noticing.distinct(upcoming, slot), then_charge=False, at=slot)
        if len(rows) == AT_ONCE:
            self._publisher.publish(PlanDebitNotices(slot=slot, after_id=rows[-1]["id"]))
        elif len(late) == AT_ONCE:
            self._publisher.publish(PlanDebitNotices(slot=slot, after_id=after))


def _debit(row: DueRow, slot: datetime) -> tuple[Debit, datetime] | None:
    """What will be charged, and when; nothing where it is not charged, or where nobody can say what it comes to."""
    due = due_of(row, slot)
    bill = preview(due) if isinstance(due, Due) and due.method_fault is None else None
    if not isinstance(due, Due) or bill is None or not bill.total_minor:
        return None
    currency = (due.next_terms or due.terms).currency
    if due.payment_method_id is None or due.gateway is None or due.account is None:
        return None
    if not needs_notice(due.gateway, row["method_kind"], currency):
        return None
    debit = Debit(
        subscription_id=due.id,
        start_on=due.next_period_start,
        organization_id=due.organization_id,
        payment_id=None,
        payment_method_id=due.payment_method_id,
        gateway=due.gateway,
        account=due.account,
        currency=currency,
        amount_minor=bill.total_minor,
    )
    return debit, max(midnight(due.next_period_start, due.time_zone), slot + LEAD)
