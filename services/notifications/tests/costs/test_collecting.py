"""`notifications.collect_sms_prices`: what SMS have cost of which no report tells it."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.costs.price_collect import PriceCollecting
from services.notifications.costs.repository import CostRepository, Expected
from services.notifications.deliveries.receipt_models import Receipt, Report
from services.notifications.deliveries.report_repository import ReportRepository
from services.notifications.providers.lookups import LookupFailed
from services.notifications.sms.price_models import Price
from services.notifications.tests.callbacks.arrange import NUMBER, OURS, sent
from services.notifications.tests.deliveries.arrange import delivery
from shared.contracts.notifications import CollectSmsPrices
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.inbox.handlers import Effect, EffectHandler
from shared.testing.clock import MONDAY_MORNING, FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, outbox_of

PRICE: Final = Price(Decimal("0.00750"), "USD")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_OWN: Final = text("""
    INSERT INTO provider_accounts (id, organization_id, name, kind, channel, config, secret, key_id, updated_at)
    VALUES (:id, :organization_id, 'acme', 'twilio', 'sms', '{}', '', 'k1', now())
""")


class Source:
    """A provider that knows prices. single: for what it was asked by itself. lists: for how many from its list, and of when."""

    def __init__(self, **prices: Price | None) -> None:
        self.prices = prices
        self.single: list[str] = []
        self.lists: list[tuple[int, datetime, datetime]] = []

    async def price(self, message_id: str) -> Price | None:
        self.single.append(message_id)
        if message_id not in self.prices:
            raise LookupFailed("it does not answer")
        return self.prices[message_id]

    async def listed_prices(
        self, message_ids: Collection[str], since: datetime, until: datetime
    ) -> AsyncIterator[tuple[str, Price]]:
        self.lists.append((len(message_ids), since, until))
        for one in message_ids:
            price = self.prices.get(one)
            if price is not None:
                yield one, price
        if not self.prices:
            raise LookupFailed("it does not answer")

    async def close(self) -> None:
        self.single.append("closed")


def collecting(clock: FrozenClock, own: Source | None = None, **sources: Source) -> EffectHandler[Any, Any]:
    effect: Effect[Any, Any] = PriceCollecting(sources, lambda _: own, clock)
    return EffectHandler(CollectSmsPrices, lambda _: effect)


async def taken(session: Session, count: int, receipt: Receipt | None = Receipt.DELIVERED, **fields: Any) -> list[UUID]:
    """SMS that were taken a quarter of an hour ago, a second apart, and have ended a minute later; SM0, SM1, …"""
    at = MONDAY_MORNING - 15 * MINUTE
    ids = []
    for number in range(count):
        moment = at + timedelta(seconds=number)
        key = await sent(session, NUMBER, message_id=f"SM{number}", at=moment, **{"provider": "twilio", **fields})
        await CostRepository(session).expect([Expected.of(key, 1, None)], moment + 10 * MINUTE)
        if receipt is not None:
            await ReportRepository(session).apply([Report(uuid7(), key, receipt.value, receipt, moment + MINUTE, "twilio")])
        ids.append(key)
    return ids


async def known(session: Session, ids: list[UUID]) -> list[str | None]:
    """What each has cost."""
    found = [(await delivery(session, one)).timeline[0].cost for one in ids]
    return [str(one.amount) if one is not None else None for one in found]


async def to_ask(session: Session) -> int:
    return int((await session.execute(text("SELECT count(*) FROM attempt_costs WHERE ask_at IS NOT NULL"))).scalar_one())


async def test_collect_sms_prices_asks_for_what_has_ended_and_running_twice_asks_once(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ended = await taken(session, 2)
    under_way = await taken(session, 1, Receipt.PROCESSED) + await taken(session, 1, None)
    source, key = Source(SM0=PRICE, SM1=None), uuid7()
    outcomes = [
        (await run_task.run([CollectSmsPrices()], ids=[key], handler=collecting(clock, twilio=source)))[0].outcome
        for _ in range(2)
    ]
    outcomes.append((await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))).outcome)

    assert (outcomes, sorted(source.single), source.lists) == (["done"] * 3, ["SM0", "SM1"], [])
    assert await known(session, ended + under_way) == ["0.00750", None, None, None]
    await assert_nothing_published(session, CollectSmsPrices)


async def test_price_that_stays_unknown_is_asked_for_four_times_in_a_day_and_then_given_up(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await taken(session, 1)
    source = Source(SM0=None)
    asked: list[int] = []
    for hours in range(1, 40):
        await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))
        asked += [hours - 1] * (len(source.single) - len(asked))
        clock.advance(HOUR)

    assert (asked, await to_ask(session)) == ([0, 1, 7, 25], 0)


async def test_price_that_comes_late_is_kept_and_not_asked_for_any_more(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ids = await taken(session, 1)
    source = Source(SM0=None)
    await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))
    source.prices["SM0"] = PRICE
    for _ in range(3):
        clock.advance(HOUR)
        await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))

    assert (source.single, await known(session, ids), await to_ask(session)) == (["SM0", "SM0"], ["0.00750"], 0)


async def test_many_are_read_from_a_list_of_the_time_in_which_they_were_sent(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    ids = await taken(session, 21)
    late = Report(uuid7(), ids[20], "complained", Receipt.COMPLAINED, MONDAY_MORNING, "twilio")
    await ReportRepository(session).apply([late])
    source = Source(**{f"SM{number}": PRICE for number in range(20)})
    await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))

    at = MONDAY_MORNING - 15 * MINUTE
    assert (source.single, source.lists) == ([], [(21, at, at + MINUTE + timedelta(seconds=18))])
    assert await known(session, ids) == ["0.00750"] * 20 + [None]


async def test_what_lists_have_left_over_twice_is_asked_for_one_by_one(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await taken(session, 11)
    source = Source(**{f"SM{number}": None for number in range(11)})
    for wait in (timedelta(), HOUR, 6 * HOUR):
        clock.advance(wait)
        await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))

    assert ([count for count, *_ in source.lists], len(source.single)) == ([11, 11], 11)


@pytest.mark.parametrize("count", [1, 11])
async def test_provider_that_does_not_answer_is_asked_again_and_no_failure(
    run_task: TaskRunner, session: Session, clock: FrozenClock, count: int
) -> None:
    ids = await taken(session, count)
    source = Source()
    handled = await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))
    clock.advance(HOUR)
    source.prices |= {f"SM{number}": PRICE for number in range(count)}
    await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))

    assert (handled.outcome, await known(session, ids)) == ("done", ["0.00750"] * count)


async def test_look_that_is_full_is_followed_by_one_other_however_many_ask_for_it(
    run_task: TaskRunner, session: Session, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.costs.price_collect.LISTED_AT_ONCE", 2)
    await taken(session, 5)
    for _ in range(2):
        source = Source(**{f"SM{number}": PRICE for number in range(5)})
        await run_task(CollectSmsPrices(), handler=collecting(clock, twilio=source))

    following = [one for one in await outbox_of(session) if one.name == "notifications.collect_sms_prices"]
    assert (len({one.id for one in following}), await to_ask(session)) == (1, 1)
    assert {one.due_at for one in following} <= {MONDAY_MORNING + timedelta(seconds=second) for second in range(10, 21)}


async def test_own_account_is_asked_for_its_messages_alone_and_others_never(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    await session.execute(_OWN, {"id": UUID(int=77), "organization_id": OURS})
    theirs = await taken(session, 1, provider="acme")
    never = await taken(session, 1, provider="msg91")
    own, installations = Source(SM0=PRICE), Source()
    await run_task(CollectSmsPrices(), handler=collecting(clock, own, twilio=installations))

    assert (own.single, installations.single) == (["SM0", "closed"], [])
    assert await known(session, theirs + never) == ["0.00750", None]
    assert await to_ask(session) == 0
