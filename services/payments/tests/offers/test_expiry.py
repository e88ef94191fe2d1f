"""payments.expire_offers: offers that stand for nothing any more, and who is asked next."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.payments.offers import service
from services.payments.tests.matching.arrange import (
    NOW,
    OURS,
    change_order,
    have_maker,
    have_order,
    match,
    offered,
    reserved,
    rows,
    standing,
)
from services.payments.tests.offers.arrange import LATER, MONDAY, answering, expire, have_offer, order_of
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import ExpireOffers, MatchOrders
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published

_BLOCK = text("UPDATE manufacturers SET blocked_reason = 'sanctions', blocked_at = now(), blocked_by = 'x' WHERE code = 'A'")
_AMEND = text("""
    UPDATE order_lines SET quantity = 25, taxable_minor = 25000, total_minor = 25000 WHERE order_id = :id
""")
_ADD_LINE = text("""
    INSERT INTO order_lines
    SELECT order_id, 2, 'SKU-2', 'Part 2', hsn_sac, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, capability FROM order_lines
""")


async def test_task_that_runs_twice_ends_an_offer_once_and_the_next_manufacturer_is_asked(
    session: Session, run_task: TaskRunner
) -> None:
    offer_id = await have_offer(session)
    order_id = await order_of(session)

    early, *late = [(await run_task(ExpireOffers(slot=slot))).outcome for slot in (LATER - timedelta(seconds=1), LATER, LATER)]

    assert [early, *late] == ["done"] * 3
    assert (await reserved(session), await standing(session, order_id)) == ([], ("waiting", 1, None))
    assert await rows(session, "SELECT status, ended_at, answered_by FROM match_offers") == [("expired", LATER, None)]
    await assert_published(session, CancelMessages, subject_key=f"payments.offer:{offer_id}", reason="its time is over")
    assert await published(session, MatchOrders) == [MatchOrders()]
    await match(session, LATER)
    assert await offered(session) == [(1, "A", 1, "expired"), (1, "B", 2, "open")]


async def test_accepted_offer_never_expires(session: Session) -> None:
    await answering(session).accept(await have_offer(session), None, by="operator:anna", at=NOW)

    assert await expire(session, at=NOW + timedelta(days=400)) == 0
    assert await offered(session) == [(1, "A", 1, "accepted")]


async def test_offer_of_a_manufacturer_that_was_blocked_is_withdrawn_before_its_time(session: Session) -> None:
    await have_offer(session)
    await session.execute(_BLOCK)

    assert await expire(session, at=NOW) == 1

    assert await rows(session, "SELECT status, reason FROM match_offers") == [("withdrawn", "the manufacturer is blocked")]
    await match(session)
    assert await offered(session) == [(1, "A", 1, "withdrawn"), (1, "B", 2, "open")]


@pytest.mark.parametrize("accepted", [False, True])
async def test_cancelled_order_takes_its_offers_back_and_frees_the_capacity(session: Session, accepted: bool) -> None:
    offer_id = await have_offer(session)
    order_id = await order_of(session)
    if accepted:
        await answering(session).accept(offer_id, None, by="operator:anna", at=NOW)
    await change_order(session, order_id, "cancelled")

    assert [await expire(session, at=NOW) for _ in range(2)] == [1, 0]

    assert await rows(session, "SELECT status, reason FROM match_offers") == [("withdrawn", "the order was cancelled")]
    assert (await reserved(session), await standing(session, order_id)) == ([], ("withdrawn", 1, None))
    assert (await match(session)).orders == 0
    # Who was making it has to hear of it, once, and from a person.
    told = await rows(session, "SELECT kind, organization_id, entity_id FROM cases")
    assert told == ([("production_cancelled", OURS, str(offer_id))] if accepted else [])


async def test_order_that_is_delivered_is_done_and_keeps_what_was_reserved(session: Session) -> None:
    await answering(session).accept(await have_offer(session), None, by="operator:anna", at=NOW)
    order_id = await order_of(session)
    await change_order(session, order_id, "fulfilled")

    await expire(session, at=NOW)

    assert await standing(session, order_id) == ("done", 1, None)
    assert await reserved(session) == [("A", "milling", MONDAY, 20)]


async def test_line_of_which_more_is_wanted_is_offered_anew(session: Session) -> None:
    await have_offer(session)
    order_id = await order_of(session)
    await session.execute(_AMEND, {"id": order_id})
    await change_order(session, order_id, "paid")

    await expire(session, at=NOW)
    await match(session)

    assert await offered(session) == [(1, "A", 1, "withdrawn"), (1, "A", 2, "open")]
    assert await reserved(session) == [("A", "milling", MONDAY, 25)]


async def test_line_that_is_added_later_is_offered_and_the_others_stay_where_they_are(session: Session) -> None:
    await answering(session).accept(await have_offer(session, makers="A"), None, by="operator:anna", at=NOW)
    order_id = await order_of(session)
    await expire(session, at=NOW)
    await session.execute(_ADD_LINE)
    await change_order(session, order_id, "in_production")

    await expire(session, at=NOW)
    await match(session)

    assert await offered(session) == [(1, "A", 1, "accepted"), (2, "A", 2, "open")]
    assert await standing(session, order_id) == ("offered", 2, None)


async def test_change_that_touches_nothing_that_is_made_changes_nothing(session: Session) -> None:
    await have_offer(session)
    await change_order(session, await order_of(session), "paid")

    assert await expire(session, at=NOW) == 0

    assert await offered(session) == [(1, "A", 1, "open")]
    await assert_nothing_published(session, CancelMessages)


async def test_many_that_lapse_at_once_are_ended_by_messages_that_follow(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "OFFERS_PER_MESSAGE", 2)
    await have_maker(session)
    for _ in range(3):
        await have_order(session, ("milling", 1))
    await match(session)

    assert [await expire(session) for _ in range(2)] == [2, 1]

    assert await published(session, ExpireOffers) == [ExpireOffers(slot=LATER)]
    assert {status for *_, status in await offered(session)} == {"expired"}
