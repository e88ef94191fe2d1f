"""payments.match_orders: who is offered what, what is reserved and written, and what waits on."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from services.payments.matching import chunk, service
from services.payments.matching.models import Counts
from services.payments.tests.matching.arrange import (
    NOW,
    OURS,
    THEIRS,
    change_order,
    have_maker,
    have_order,
    have_policy,
    match,
    offered,
    reserved,
    rows,
    standing,
)
from shared.contracts.notifications import SendEmail
from shared.contracts.payments import MatchOrders
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, published

MONDAY = date(2026, 3, 2)


async def test_paid_order_is_offered_to_the_best_manufacturer_and_its_capacity_is_reserved(session: Session) -> None:
    await have_maker(session, "A", unit_price_minor=12_000)
    await have_maker(session, "B", unit_price_minor=10_000)
    order_id = await have_order(session, ("milling", 130), due_on=date(2026, 3, 20))

    counts = await match(session)

    assert counts == Counts(orders=1, offered=1)
    assert await offered(session) == [(1, "B", 1, "open")]
    assert await reserved(session) == [("B", "milling", MONDAY, 100), ("B", "milling", date(2026, 3, 9), 30)]
    assert await standing(session, order_id) == ("offered", 1, None)
    query = "SELECT currency, total_minor, ready_on, expires_at - created_at FROM match_offers"
    assert await rows(session, query) == [("INR", 1_300_000, date(2026, 3, 15), timedelta(days=1))]


async def test_offer_is_mailed_once_for_as_long_as_it_stands(session: Session) -> None:
    await have_maker(session, "A", ["milling", "casting"])
    order_id = await have_order(session, ("milling", 30), ("casting", 5), (None, 7), due_on=date(2026, 3, 20))

    await match(session)

    mail = await assert_published(session, SendEmail)
    ((offer_id, number),) = await rows(
        session, "SELECT match_offers.id, number FROM match_offers JOIN orders ON orders.id = order_id"
    )
    assert (mail.to_email, mail.to_name) == ("a@works.example", "Works A")
    assert mail.dedupe_key == mail.subject_key == f"payments.offer:{offer_id}"
    assert (mail.valid_until, mail.organization_id) == (NOW + timedelta(days=1), OURS)
    assert mail.subject == f"Offer for order {number}, to be answered by 03 March 2026, 14:30 (Asia/Kolkata)"
    lines = mail.body.splitlines()
    assert lines[4:6] == ["30 x Part 1 (milling) at ₹100.00", "5 x Part 2 (casting) at ₹100.00"]
    assert "In total ₹3,500.00, before tax." in lines
    assert "Ready by 08 March 2026, for delivery to Maharashtra." in lines
    (link,) = [line for line in lines if line.startswith("https://api.example.com/payments/v1/offer-answers/")]
    secret = link.rpartition("/")[2]
    found = await session.scalar(
        text("SELECT id FROM match_offers WHERE token_hash = sha256(CAST(:it AS bytea))"), {"it": secret.encode()}
    )
    assert (len(secret), found, str(order_id) in mail.body) == (43, offer_id, False)


async def test_mail_of_very_many_lines_tells_the_first_and_how_many_more_there_are(session: Session) -> None:
    await have_maker(session, "A", ["milling"], capacity_units=1000)
    await have_order(session, *[("milling", 1)] * 103)

    await match(session)

    lines = (await assert_published(session, SendEmail)).body.splitlines()
    assert lines[103:105] == ["1 x Part 100 (milling) at ₹100.00", "and 3 more lines, which the link below shows"]


async def test_lines_are_divided_among_as_few_as_can_be_with_an_offer_for_each(session: Session) -> None:
    await have_maker(session, "A", ["milling"], unit_price_minor=1)
    await have_maker(session, "B", ["casting"], unit_price_minor=1)
    await have_maker(session, "C", ["milling", "casting"])
    both = await have_order(session, ("milling", 30), ("casting", 30))
    three = await have_order(session, ("milling", 60), ("casting", 60), ("welding", 1))
    await have_maker(session, "D", ["welding"])

    await match(session)

    assert await offered(session) == [
        (1, "C", 1, "open"),
        (2, "C", 1, "open"),
        (1, "C", 1, "open"),
        (2, "C", 1, "open"),
        (3, "D", 1, "open"),
    ]
    assert [(await standing(session, order_id))[0] for order_id in (both, three)] == ["offered", "offered"]
    assert len(await published(session, SendEmail)) == 3


async def test_order_that_nobody_can_make_waits_with_a_reason_and_nothing_is_reserved(session: Session) -> None:
    await have_maker(session, "A")
    order_id = await have_order(session, ("milling", 10), ("casting", 10))

    counts = await match(session)

    assert counts == Counts(orders=1, unmatched=1)
    assert await standing(session, order_id) == ("unmatched", 0, "no_manufacturer")
    ((reason, retry_at),) = await rows(session, "SELECT reason, retry_at FROM order_matches")
    assert reason == "Line 2, 10 of casting until 2026-05-01: no manufacturer can make it."
    assert retry_at == NOW + timedelta(days=1)
    assert (await offered(session), await reserved(session)) == ([], [])
    await assert_nothing_published(session, SendEmail)


@pytest.mark.parametrize(
    ("status", "matches_from", "state"),
    [
        ("draft", "placed", None),
        ("placed", "paid", None),
        ("placed", "placed", "offered"),
        ("partially_paid", "placed", "offered"),
        ("paid", "paid", "offered"),
        ("cancelled", "paid", None),
    ],
)
async def test_order_is_matched_from_the_status_on_that_its_organization_wants(
    session: Session, status: str, matches_from: str, state: str | None
) -> None:
    await have_maker(session)
    await have_policy(session, matches_from=matches_from)
    await have_order(session, ("milling", 1), status=status)

    await match(session)

    assert await rows(session, "SELECT state FROM order_matches") == ([(state,)] if state else [])


async def test_order_of_which_nothing_is_made_is_put_aside_and_never_looked_at_again(session: Session) -> None:
    order_id = await have_order(session, (None, 5))

    for _ in range(2):
        assert await match(session) == Counts()

    assert await standing(session, order_id) == ("not_needed", 0, None)


async def test_manufacturers_of_another_organization_are_never_asked(session: Session) -> None:
    await have_maker(session, "A", organization_id=THEIRS)
    order_id = await have_order(session, ("milling", 1))

    await match(session)

    assert await standing(session, order_id) == ("unmatched", 0, "no_manufacturer")


async def test_policy_decides_what_counts_and_how_long_an_offer_stands(session: Session) -> None:
    await have_policy(session, price_weight=0, quality_weight=10, offer_minutes=90)
    await have_maker(session, "A", unit_price_minor=1)
    await have_maker(session, "B", unit_price_minor=9_000, record=(10, 10, 1000, 0))
    await have_order(session, ("milling", 1))

    await match(session)

    assert await offered(session) == [(1, "B", 1, "open")]
    assert await rows(session, "SELECT expires_at - created_at FROM match_offers") == [(timedelta(minutes=90),)]
    assert await rows(session, "SELECT policy_number FROM match_explanations") == [(1,)]


async def test_unmatched_order_is_tried_again_when_a_manufacturer_of_its_kind_changes(session: Session) -> None:
    order_id = await have_order(session, ("milling", 10))
    await match(session)
    tell = text("INSERT INTO matching_changes (organization_id, capability) VALUES (:organization_id, :capability)")

    states = []
    for organization_id, capability in ((THEIRS, "milling"), (OURS, "casting"), (OURS, "milling"), (OURS, None)):
        await session.execute(tell, {"organization_id": organization_id, "capability": capability})
        for _ in range(2):
            await match(session, NOW + timedelta(hours=1))
        states.append(await session.scalar(text("SELECT count(*) FROM match_explanations")))

    assert states == [1, 1, 2, 3]
    assert await standing(session, order_id) == ("unmatched", 0, "no_manufacturer")
    assert await rows(session, "SELECT count(*) FROM matching_changes") == [(0,)]


async def test_unmatched_order_is_tried_again_after_a_day_though_nothing_has_changed(session: Session) -> None:
    await have_order(session, ("milling", 10))
    await match(session)
    await have_maker(session)

    early, late = [await match(session, NOW + timedelta(hours=hours)) for hours in (23, 24)]

    assert (early, late) == (Counts(), Counts(orders=1, offered=1))


async def test_chunks_follow_each_other_until_nobody_waits(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ORDERS_PER_CHUNK", 2)
    await have_maker(session, "A")
    await have_maker(session, "B", organization_id=THEIRS)
    for number in range(5):
        await have_order(session, ("milling", 10), organization_id=OURS if number < 3 else THEIRS)

    counts = [await match(session) for _ in range(4)]

    assert [one.orders for one in counts] == [2, 1, 2, 0]
    following = await published(session, MatchOrders)
    assert len(following) == 2
    assert {one.run_id for one in following} <= {row[0] for row in await rows(session, "SELECT id FROM match_runs")}
    assert await reserved(session) == [("A", "milling", MONDAY, 30), ("B", "milling", MONDAY, 20)]


@pytest.mark.usefixtures("settings_of_the_process")
async def test_task_that_runs_twice_offers_once_and_answers_what_it_did(session: Session, run_task: TaskRunner) -> None:
    await have_maker(session)
    await have_order(session, ("milling", 10))
    run_id = uuid7()

    first, again, second = [await run_task(MatchOrders(), ids=[key]) for key in (run_id, run_id, uuid7())]

    assert (first.outcome, first.result) == ("done", {"orders": 1, "offered": 1, "unmatched": 0, "contended": 0})
    assert (again.result, second.result["orders"]) == (first.result, 0)
    assert len(await offered(session)) == 1
    query = "SELECT orders, offered, unmatched, chunks, finished_at IS NOT NULL FROM match_runs WHERE id = :id"
    assert await rows(session, query, id=run_id) == [(1, 1, 0, 1, True)]


@pytest.mark.usefixtures("settings_of_the_process")
async def test_scheduled_run_is_kept_when_it_has_found_somebody_waiting(session: Session, run_task: TaskRunner) -> None:
    for waiting in (False, True):
        if waiting:
            await have_order(session, ("milling", 1))
        await run_task(MatchOrders(slot=NOW))

    assert await rows(session, "SELECT orders, requested_by FROM match_runs") == [(1, "system:matching")]


async def test_chunk_that_has_no_time_left_leaves_the_rest_to_the_next_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "PLANNING_S", -1.0)
    await have_maker(session)
    for _ in range(3):
        await have_order(session, ("milling", 1))

    counts = [await match(session) for _ in range(4)]

    assert [one.orders for one in counts] == [1, 1, 1, 0]
    assert len(await published(session, MatchOrders)) == 2


@pytest.mark.usefixtures("settings_of_the_process")
async def test_task_for_one_order_matches_that_one_alone(session: Session, run_task: TaskRunner) -> None:
    await have_maker(session)
    wanted, other = [await have_order(session, ("milling", 10)) for _ in range(2)]

    handled = await run_task(MatchOrders(order_id=wanted))

    assert handled.result["offered"] == 1
    assert await rows(session, "SELECT order_id FROM order_matches") == [(wanted,)]
    assert (await run_task(MatchOrders(order_id=wanted))).result["orders"] == 0
    assert other != wanted


@pytest.mark.usefixtures("settings_of_the_process")
async def test_task_for_an_order_that_is_not_there_is_a_dead_letter(session: Session, run_task: TaskRunner) -> None:
    handled = await run_task(MatchOrders(order_id=uuid7()))

    assert (handled.outcome, handled.error_class) == ("dead", "OrderNotFound")
    assert await rows(session, "SELECT count(*) FROM match_runs") == [(0,)]


async def test_order_that_is_cancelled_before_its_turn_is_offered_to_nobody(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ORDERS_PER_CHUNK", 0)
    await have_maker(session)
    order_id = await have_order(session, ("milling", 1))
    await match(session)
    await change_order(session, order_id, "cancelled")
    monkeypatch.setattr(service, "ORDERS_PER_CHUNK", 10)

    await match(session)

    assert (await standing(session, order_id), await offered(session)) == (("withdrawn", 0, None), [])


async def test_capacity_that_is_lowered_while_a_run_plans_leaves_the_order_waiting(
    session: Session,
) -> None:
    await have_maker(session, "A", ["milling", "casting"])
    order_id = await have_order(session, ("milling", 60), ("casting", 10))
    await session.execute(
        text(
            "INSERT INTO capacity_periods SELECT manufacturer_id, capability, :day, 50 FROM manufacturer_capabilities"
            " WHERE capability = 'milling'"
        ),
        {"day": MONDAY},
    )

    counts = await match(session)

    assert counts == Counts(orders=1, contended=1)
    assert await standing(session, order_id) == ("waiting", 0, None)
    assert (await offered(session), await reserved(session)) == ([], [])


async def test_organization_is_told_once_of_orders_that_wait_for_too_long(session: Session) -> None:
    await have_policy(session, alert_after_hours=5, alert_email="desk@example.com")
    await have_order(session, ("milling", 1))
    await have_order(session, ("casting", 1), organization_id=THEIRS)
    await match(session)
    numbers = [row[0] for row in await rows(session, "SELECT number FROM orders ORDER BY id")]

    # On the second day both are tried again, in a chunk each, and only the last chunk tells.
    for hours in (4, 5, 6, 48, 48):
        await match(session, NOW + timedelta(hours=hours))

    mail = await assert_published(session, SendEmail)
    assert (mail.to_email, mail.subject) == ("desk@example.com", "An order has no manufacturer yet")
    assert f"{numbers[0]}, since 2026-03-02 09:00 UTC: Line 1, 1 of milling until" in mail.body
    # The other organization names no address, and its order is told of in the log alone.
    alerted = await rows(session, "SELECT alerted_at FROM order_matches ORDER BY order_id")
    assert alerted == [(NOW + timedelta(hours=5),), (NOW + timedelta(hours=48),)]
