"""One page of a run, read from the gateway. No session is open here."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, TypeVar

from services.payments.gateways.answers import Answer, Answered, Refusal, Refused
from services.payments.gateways.directory import Account
from services.payments.gateways.facts import DisputeFact, PaymentFact, RefundFact, SettlementFact, SettlementItem
from services.payments.gateways.gateway import Gateway
from services.payments.gateways.reports import Page
from services.payments.payments.telling import MoneyFact, Told
from services.payments.reconciliation.models import Lookup, Place, Run
from shared.runtime.failpoints import failpoint
from shared.runtime.outcomes import Done, Failed, Outcome, Retry

ASK_AGAIN_S: Final = 30.0
AT_ONCE: Final = 8
"""Look-ups under way at the same time: a gateway gives its own limits to nobody."""
DAYS_AT_ONCE: Final = 10
T = TypeVar("T")


@dataclass(slots=True)
class Step:
    """A page of a run that is about to be read, and what it has told. place: where the run goes on; day: under which items are
    listed; count: of what was told. zone: of the days of the account's settlements.
    """

    run: Run
    account: Account
    lookups: Sequence[Lookup]
    place: Place
    day: date
    zone: str
    told: list[Told] = field(default_factory=list)
    items: list[SettlementItem] = field(default_factory=list)
    settlements: list[SettlementFact] = field(default_factory=list)
    answers: list[tuple[Lookup, bool]] = field(default_factory=list)
    count: int = 0


def following(run: Run, day: date) -> Place:
    """Where a run goes on once a list, or the items of a day, are at their end."""
    match run.stage:
        case "payments":
            return Place("refunds")
        case "refunds":
            return Place("disputes")
        case "disputes":
            return Place("items", run.first_day)
        case "items":
            later = day + timedelta(days=1)
            return Place("items", later) if later <= run.last_day else Place("lookups")
        case "lookups":
            return Place("compare")
        case "compare":
            return Place("postings")
        case _:
            return Place("done")


async def fetch(step: Step) -> Outcome:
    """Read the page that the run is at."""
    failpoint("payments.reconciliation.before_call")
    run, reports = step.run, step.account.gateway.reports
    match run.stage:
        case "payments":
            return _read(step, await reports.payments(run.since, run.until, run.cursor))
        case "refunds":
            return _read(step, await reports.refunds(run.since, run.until, run.cursor))
        case "disputes":
            return _read(step, await reports.disputes(run.since, run.until, run.cursor))
        case "items":
            return await _read_days(step)
        case "lookups":
            return await _look_up(step)
        case _:
            return Done()


async def _read_days(step: Step) -> Outcome:
    """A page of a day's items. Days on which nothing was settled are passed by, a few at a time."""
    run, reports, cursor = step.run, step.account.gateway.reports, step.run.cursor
    for _ in range(DAYS_AT_ONCE):
        outcome = _read(step, await reports.settlement_items(step.day, cursor))
        later = step.place.day
        if outcome != Done() or step.items or step.place.cursor is not None or later is None:
            return outcome
        step.day, step.place, cursor = later, following(run, later), None
    step.place = Place("items", step.day)
    return Done()


def _read(step: Step, answer: Answer[Page[T]]) -> Outcome:
    if not isinstance(answer, Answered):
        return _again(answer)
    page = answer.fact
    for one in page.items:
        if isinstance(one, SettlementItem):
            step.items.append(one)
        elif isinstance(one, PaymentFact | RefundFact | DisputeFact):
            step.told.append(Told(step.account.key, one))
    step.count = len(page.items)
    if page.cursor is not None:
        step.place = Place(step.run.stage, step.day if step.run.stage == "items" else None, page.cursor)
    return Done()


async def _look_up(step: Step) -> Outcome:
    """Ask for what lists have not told. What the gateway does not know is an answer as well."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def ask(one: Lookup) -> Answer[MoneyFact | SettlementFact]:
        async with limit:
            return await _asked(step.account.gateway, one)

    answers = await asyncio.gather(*(ask(one) for one in step.lookups))
    for one, answer in zip(step.lookups, answers, strict=True):
        if isinstance(answer, Answered):
            if isinstance(answer.fact, SettlementFact):
                step.settlements.append(answer.fact)
            else:
                step.told.append(Told(step.account.key, answer.fact))
        elif not (isinstance(answer, Refused) and answer.why is Refusal.NOT_FOUND):
            # What was answered so far is asked for again with the rest: asking does nothing.
            return _again(answer)
        step.answers.append((one, isinstance(answer, Answered)))
    step.count = len(step.answers)
    if step.lookups:
        step.place = Place("lookups")
    return Done()


def _asked(gateway: Gateway, one: Lookup) -> Awaitable[Answer[MoneyFact | SettlementFact]]:
    match one.kind:
        case "payment":
            return gateway.payment(one.entity_id)
        case "order":
            return gateway.order(one.entity_id)
        case "refund":
            return gateway.refund_by_id(one.entity_id)
        case "dispute":
            return gateway.reports.dispute(one.entity_id)
        case _:
            return gateway.settlement(one.entity_id)


def _again(answer: object) -> Outcome:
    """The page is asked for later; a refusal of our key or our words is final."""
    detail = str(getattr(answer, "detail", "the gateway declined a look-up"))
    if isinstance(answer, Refused):
        return Failed(detail, error_class="GatewayRefused")
    return Retry(detail, after_s=max(ASK_AGAIN_S, float(getattr(answer, "retry_after_s", 0.0))))
