"""Asking gateways to tell the holders of mandates of debits, by the orders under which these are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.payments.gateways.answers import Answered, Declined, Refused, Unavailable, Unknown
from services.payments.gateways.directory import Account, Gateways
from services.payments.gateways.facts import NoticeStatus as GatewayNotice
from services.payments.gateways.facts import OrderFact
from services.payments.gateways.gateway import OrderRequest, PreDebitNotice
from services.payments.mandates.models import Asked, Notice
from services.payments.mandates.news import UNDELIVERED, NoticeNews
from services.payments.mandates.repository import NoticeRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.failpoints import failpoint
from shared.runtime.outcomes import Done, Outcome, Retry, Skipped

_LATER_S = 60.0


@dataclass(slots=True)
class NoticeWork:
    """One notice to be asked for. resumes: somebody may have asked for it before. asked: what came of it."""

    notice: Notice
    account: Account
    gateway_customer_id: str
    token: str
    resumes: bool
    asked: Asked | None = None


class NoticeClaims:
    """Works in one unit of work, by as many statements for a batch as for one."""

    def __init__(self, session: Session, notices: NoticeRepository, gateways: Gateways, clock: Clock) -> None:
        self._session = session
        self._notices = notices
        self._gateways = gateways
        self._clock = clock

    async def claim(self, notice_ids: Sequence[UUID]) -> Mapping[UUID, NoticeWork | Outcome]:
        """What to ask for each; that it is asked for is written down."""
        notices = await self._notices.lock(notice_ids)
        mandates = await self._notices.mandates({one.payment_method_id for one in notices.values()})
        works: dict[UUID, NoticeWork | Outcome] = {}
        for key in notice_ids:
            one = notices.get(key)
            if one is None or one.status not in ("wanted", "asked") or one.gateway_order_id is not None:
                works[key] = Skipped("it was asked for, or is not wanted any more")
                continue
            customer, token, _ = mandates[one.payment_method_id]
            account = await self._gateways.get(self._session, one.account)
            works[key] = NoticeWork(one, account, customer, token, resumes=one.status == "asked")
        await self._notices.ask([key for key, work in works.items() if isinstance(work, NoticeWork)], self._clock())
        return works


class NoticeRecords:
    """Works in one unit of work."""

    def __init__(self, news: NoticeNews, clock: Clock) -> None:
        self._news = news
        self._clock = clock

    async def record(self, works: Sequence[NoticeWork]) -> None:
        """Note what came of asking."""
        asked = [(work.notice, work.asked) for work in works if work.asked is not None]
        await self._news.note([notice for notice, _ in asked], [one for _, one in asked], self._clock())
        await self._news.apply_reports(self._clock())


async def ask(work: NoticeWork) -> Outcome:
    """Ask for a notice, once: what an earlier call has made is found by its receipt."""
    gateway, notice = work.account.gateway, work.notice
    if work.resumes and notice.asked_at is not None:
        found = await gateway.orders_by_receipt(str(notice.id), notice.asked_at)
        if not isinstance(found, Answered):
            return Retry("what became of an earlier call could not be asked", counts=False, after_s=_LATER_S)
        if found.fact:
            return _noted(work, found.fact[0])
    request = OrderRequest(
        receipt=str(notice.id),
        amount_minor=notice.amount_minor,
        currency=notice.currency,
        customer_id=work.gateway_customer_id,
        capture=True,
        notice=PreDebitNotice(work.token, notice.charge_after),
        notes={"subscription": str(notice.subscription_id)},
    )
    failpoint("payments.notice.before_call")
    answer = await gateway.create_order(request)
    failpoint("payments.notice.called")
    match answer:
        case Answered(fact):
            return _noted(work, fact)
        case Refused(_, detail):
            work.asked = Asked(notice.id, "failed", None, detail[:300])
            return Done()
        case Unknown(detail) | Unavailable(detail):
            # The next try looks for it first: an order that nobody pays does no harm, a second notice confuses its reader.
            return Retry(f"the gateway has not said whether it gives notice: {detail}", after_s=answer.retry_after_s)
        case Declined():
            raise AssertionError("orders are not declined")


def _noted(work: NoticeWork, fact: OrderFact) -> Outcome:
    said = fact.notice.status if fact.notice is not None else GatewayNotice.CREATED
    if said is GatewayNotice.FAILED:
        work.asked = Asked(work.notice.id, "failed", fact.order_id, UNDELIVERED)
    else:
        work.asked = Asked(work.notice.id, "delivered" if said is GatewayNotice.DELIVERED else None, fact.order_id)
    return Done()
