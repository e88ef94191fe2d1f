"""Many who want the same capacity, the same orders and the same offers at the same moment."""

import asyncio
from contextlib import suppress
from datetime import date, timedelta
from uuid import UUID

import asyncpg
import pytest

from services.payments.matching_deps import offer_expiry
from services.payments.matching_deps import offers as offers_of
from services.payments.offers.capacity_repository import CapacityRepository, PeriodKey
from services.payments.offers.errors import OfferEnded
from services.payments.tests.matching.arrange import NOW, have_maker, have_order, match, offered, reserved, rows
from shared.runtime.db import Database

pytestmark = pytest.mark.commits
MONDAY = date(2026, 3, 2)


async def test_capacity_is_never_over_reserved_however_many_ask_at_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        makers = [await have_maker(session, code, capacity_units=100) for code in "AB"]
    keys: list[PeriodKey] = [(maker, "milling", MONDAY + timedelta(days=7 * week)) for maker in makers for week in range(2)]

    async def reserve(number: int) -> set[PeriodKey]:
        async with database.unit_of_work() as session:
            # Each in an order of its own, so that whoever locks as they come would wait in a circle.
            wanted = dict.fromkeys(keys if number % 2 else reversed(keys), 7)
            return await CapacityRepository(session).reserve(wanted)

    missing = await asyncio.gather(*(reserve(number) for number in range(40)))

    # Fourteen times seven fit into a hundred.
    assert sorted(len(one) for one in missing) == [0] * 14 + [4] * 26
    async with database.read() as reading:
        assert {units for *_, units in await reserved(reading)} == {98}
        assert len(await reserved(reading)) == 4


async def test_runs_at_the_same_moment_offer_each_order_once_and_promise_no_more_than_there_is(database: Database) -> None:
    async with database.unit_of_work() as session:
        for code in "ABC":
            await have_maker(session, code, capacity_units=50)
        orders = [await have_order(session, ("milling", 20), due_on=date(2026, 3, 12)) for _ in range(10)]

    async def run(number: int) -> int:
        async with database.unit_of_work() as session:
            return (await match(session, order_id=orders[number] if number < 5 else None)).orders

    done = await asyncio.gather(*(run(number) for number in range(8)))

    async with database.read() as reading:
        # Two fit into each manufacturer's one week.
        assert sum(done) == 10
        assert len(await offered(reading)) == 6
        assert await reserved(reading) == [(code, "milling", MONDAY, 40) for code in "ABC"]
        states = await rows(reading, "SELECT state, count(*) FROM order_matches GROUP BY state ORDER BY state")
        assert states == [("offered", 6), ("unmatched", 4)]


async def test_of_an_acceptance_and_a_refusal_at_once_one_counts(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        await have_maker(session)
        await have_order(session, ("milling", 20))
        await match(session)
    offer_id = await owner.fetchval("SELECT id FROM match_offers")

    async def answer(accepts: bool) -> str:
        try:
            async with database.unit_of_work() as session:
                service = offers_of(session, lambda: NOW)
                if accepts:
                    await service.accept(offer_id, None, by="operator:anna", at=NOW)
                else:
                    await service.decline(offer_id, None, reason="no", by="operator:ben", at=NOW)
        except OfferEnded:
            return "too late"
        return "counts"

    said = await asyncio.gather(*(answer(accepts) for accepts in (True, False) * 3))

    status = await owner.fetchval("SELECT status FROM match_offers")
    assert said == (["counts", "too late"] * 3 if status == "accepted" else ["too late", "counts"] * 3)
    units = await owner.fetchval("SELECT sum(reserved_units) FROM capacity_periods")
    assert (status, units) in [("accepted", 20), ("declined", 0)]
    assert await owner.fetchval("SELECT status FROM orders") == ("in_production" if status == "accepted" else "paid")


async def test_answers_and_runs_at_once_never_wait_in_a_circle(database: Database) -> None:
    async with database.unit_of_work() as session:
        for code in "ABCD":
            await have_maker(session, code, ["milling", "casting"], capacity_units=500)
        for _ in range(12):
            await have_order(session, ("milling", 20), ("casting", 20))
        await match(session)
    async with database.read() as reading:
        offer_ids = [row[0] for row in await rows(reading, "SELECT id FROM match_offers")]

    async def decline(offer_id: UUID) -> None:
        async with database.unit_of_work() as session:
            await offers_of(session, lambda: NOW).decline(offer_id, None, reason="no", by="operator:anna", at=NOW)

    async def run() -> None:
        async with database.unit_of_work() as session:
            await match(session)

    await asyncio.gather(*(decline(one) for one in offer_ids), *(run() for _ in range(4)))
    await run()

    async with database.read() as reading:
        live = await rows(reading, "SELECT count(*) FROM match_offer_lines WHERE live")
        assert (live, await rows(reading, "SELECT DISTINCT round FROM order_matches")) == ([(24,)], [(2,)])
        sums = "SELECT sum(reserved_units), (SELECT sum(units) FROM capacity_reservations) FROM capacity_periods"
        assert await rows(reading, sums) == [(480, 480)]


async def test_offers_that_lapse_while_others_take_the_capacity_leave_nothing_reserved(database: Database) -> None:
    due_on = date(2026, 3, 12)
    async with database.unit_of_work() as session:
        for code in "ABC":
            await have_maker(session, code, capacity_units=50)
        for _ in range(10):
            await have_order(session, ("milling", 20), due_on=due_on)
        await match(session)

    async def lapse() -> None:
        async with database.unit_of_work() as session:
            await offer_expiry(session).run(NOW + timedelta(days=30))

    async def order_more() -> None:
        async with database.unit_of_work() as session:
            await have_order(session, ("milling", 15), due_on=due_on)
            await match(session)

    async def accept(offer_id: UUID) -> None:
        with suppress(OfferEnded):
            async with database.unit_of_work() as session:
                await offers_of(session, lambda: NOW).accept(offer_id, None, by="operator:anna", at=NOW)

    for _ in range(3):
        async with database.read() as reading:
            open_ids = [row[0] for row in await rows(reading, "SELECT id FROM match_offers WHERE status = 'open' ORDER BY id")]
        await asyncio.gather(lapse(), order_more(), *(accept(one) for one in open_ids[:2]), lapse(), order_more())

        async with database.read() as reading:
            ((promised,),) = await rows(reading, "SELECT coalesce(sum(quantity), 0)::int FROM match_offer_lines WHERE live")
            assert await rows(reading, "SELECT coalesce(sum(units), 0)::int FROM capacity_reservations") == [(promised,)]
            taken = [units for *_, units in await reserved(reading)]
            assert (sum(taken), all(units <= 50 for units in taken)) == (promised, True)
