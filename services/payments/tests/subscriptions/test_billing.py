"""Billing what is due: once per period, by the terms of the day, with order and payment."""

import asyncio
import json
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from services.payments import subscription_deps as deps
from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.subscriptions.due_models import HELD_REFUSED
from services.payments.subscriptions.making import payment_id_of
from services.payments.tests.subscriptions.arrange import BOX, Office, at, have_customer, have_many, rows
from shared.contracts.payments import ProcessDueSubscriptions, ProcessPayment, ProcessSingleSubscription
from shared.runtime.db import Database
from shared.testing.messages import published

ORDERS = "SELECT status, CAST(period_start AS text), CAST(due_on AS text), total_minor FROM orders ORDER BY period_start"
PAYMENTS = "SELECT order_id IS NOT NULL, status, amount_minor, CAST(period_start AS text) FROM payments ORDER BY period_start"


MUCH = text("""
    INSERT INTO subscription_adjustments (id, subscription_id, description, hsn_sac, tax_rate_bp, amount_minor, open_minor,
                                          created_at, created_by)
    VALUES (:id, :subscription_id, 'Additional: Pro', '998439', 1800, 1000000000000000, 1000000000000000, :at, 'test')
""")


async def test_billing_twice_is_billing_once(office: Office) -> None:
    subscription = await office.subscribe(await office.plan())
    key = UUID(subscription["id"])

    for _ in range(2):
        await office.bill()
        assert (
            await office.run_task(ProcessSingleSubscription(subscription_id=key), occurred_at=office.clock())
        ).outcome == "done"

    assert await office.periods(subscription) == [("2026-03-02", "2026-04-02", "open", 118_000)]
    assert await rows(office.session, PAYMENTS) == [(False, "created", 118_000, "2026-03-02")]
    (charge,) = await published(office.session, ProcessPayment)
    assert charge.payment_id == payment_id_of(key, date(2026, 3, 2))
    after = await office.get(subscription)
    assert (after["next_period_start"], after["next_bill_at"]) == ("2026-04-02", "2026-04-01T18:30:00Z")


async def test_a_day_begins_at_the_customers_midnight(office: Office) -> None:
    plan_id = await office.plan(interval="day")
    office.clock.set(at(2026, 3, 2, 9))
    zones = ("Asia/Kolkata", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu")
    begun = [await office.subscribe(plan_id, await have_customer(office.session, zone)) for zone in zones]
    await office.bill()

    billed = {}
    for hour in range(10, 34):
        for minute in (0, 15, 30, 45):
            now = at(2026, 3, 2) + timedelta(hours=hour, minutes=minute)
            await office.bill(now)
            for zone, one in zip(zones, begun, strict=True):
                if zone not in billed and len(await office.periods(one)) == 2:
                    billed[zone] = now

    assert billed == {
        "Asia/Kolkata": at(2026, 3, 2, 18, 30),
        "America/New_York": at(2026, 3, 3, 5),
        "Pacific/Auckland": at(2026, 3, 2, 11),
        "Asia/Kathmandu": at(2026, 3, 2, 18, 15),
    }


async def test_month_ends_and_a_short_first_period(office: Office) -> None:
    office.clock.set(at(2027, 12, 15, 9))
    subscription = await office.subscribe(await office.plan(), anchor_day=31)

    for month in (15, 15 + 31, 15 + 62, 15 + 91):
        await office.bill(at(2027, 12, 1) + timedelta(days=month))

    # 16 of the 31 days from 30 November are left on the 15th: 1,000.00 * 16 / 31 = 516.13, and 18 % on it.
    assert await office.periods(subscription) == [
        ("2027-12-15", "2027-12-31", "open", 60_900),
        ("2027-12-31", "2028-01-31", "open", 118_000),
        ("2028-01-31", "2028-02-29", "open", 118_000),
        ("2028-02-29", "2028-03-31", "open", 118_000),
    ]


async def test_a_delivery_is_ordered_and_a_missed_one_is_not(office: Office) -> None:
    subscription = await office.subscribe(await office.plan(BOX), delivery_slot="07:00-09:00")
    await office.bill()
    await office.bill(at(2026, 3, 30, 9))

    missed = ("skipped", 0)
    assert [(status, total) for _, _, status, total in await office.periods(subscription)] == [
        ("open", 52_500),
        missed,
        missed,
        missed,
        ("open", 52_500),
    ]
    assert await rows(office.session, ORDERS) == [
        ("placed", "2026-03-02", "2026-03-02", 52_500),
        ("placed", "2026-03-30", "2026-03-30", 52_500),
    ]
    lines = "SELECT sku, quantity, unit_price_minor, cgst_minor, sgst_minor, total_minor FROM order_lines LIMIT 1"
    assert await rows(office.session, lines) == [("VEG", 2, 25_000, 1250, 1250, 52_500)]
    assert await rows(office.session, "SELECT DISTINCT delivery ->> 'slot' FROM orders") == [("07:00-09:00",)]
    assert [row[0] for row in await rows(office.session, PAYMENTS)] == [True, True]


async def test_after_an_outage_every_missed_period_is_billed_up_to_a_bound(office: Office) -> None:
    monthly = await office.subscribe(await office.plan())
    daily = await office.subscribe(await office.plan(code="daily", interval="day"))

    await office.bill(at(2026, 6, 2, 9))
    held = await office.get(daily)
    await office.bill(at(2026, 6, 3, 9))

    assert [start for start, *_ in await office.periods(monthly)] == ["2026-03-02", "2026-04-02", "2026-05-02", "2026-06-02"]
    assert (len(await office.periods(daily)), held["next_period_start"]) == (31, "2026-04-02")
    assert held["held_reason"].startswith("more than 31 periods were missed")
    found = await office.ok("GET", "/v1/subscriptions", params={"held": "true"})
    assert [one["id"] for one in found["items"]] == [daily["id"]]


async def test_what_is_beyond_the_bound_is_billed_when_a_person_lets_it_go_on_as_often_as_it_takes(office: Office) -> None:
    daily = await office.subscribe(await office.plan(code="daily", interval="day"))
    cases = "SELECT state FROM cases WHERE kind = 'billing_held' ORDER BY opened_at, id"
    seen = []

    await office.bill(at(2026, 5, 10, 9))
    for _ in range(2):
        seen.append((len(await office.periods(daily)), await rows(office.session, cases)))
        await office.act(daily, "release", reason="it was meant")
        await office.bill()
    await office.bill()

    # Seventy days from 2 March on.
    assert seen == [(31, [("open",)]), (62, [("resolved",), ("open",)])]
    starts = [start for start, *_ in await office.periods(daily)]
    assert starts == [(date(2026, 3, 2) + timedelta(days=number)).isoformat() for number in range(70)]
    assert (await office.get(daily))["held_reason"] is None
    assert await rows(office.session, cases) == [("resolved",)] * 2


async def test_without_a_method_nothing_is_charged_and_what_costs_nothing_is_paid(office: Office) -> None:
    free = {"sac": "998439", "unit_price_minor": 0, "tax_rate_bp": 1800}
    by_hand = await office.subscribe(await office.plan(), method=False)
    gift = await office.subscribe(await office.plan(code="gift", charge=free))

    await office.bill()

    assert [status for *_, status, _ in await office.periods(by_hand)] == ["open"]
    assert [status for *_, status, _ in await office.periods(gift)] == ["paid"]
    assert await rows(office.session, "SELECT count(*) FROM payments") == [(0,)]


async def test_what_nobody_can_price_waits_for_a_person_each_as_a_case_of_its_own(office: Office) -> None:
    plan_id = await office.plan()
    subscriptions = [await office.subscribe(plan_id) for _ in range(2)]
    await office.session.execute(text("DELETE FROM legal_entities"))

    for _ in range(2):
        await office.bill()

    reasons = {(await office.get(one))["held_reason"] for one in subscriptions}
    assert [reason.startswith("it is not known who sells and how that is taxed") for reason in reasons] == [True]
    assert await office.periods(subscriptions[0]) == []
    cases = (await office.ok("GET", "/v1/cases", params={"kind": "billing_held", "state": "open"}))["items"]
    # The office sees its organization's alone, so that each case is known to be of it.
    assert {one["entity_id"]: {one["details"]["reason"]} for one in cases} == {one["id"]: reasons for one in subscriptions}
    assert len(cases) == 2


async def test_delivery_elsewhere_is_taxed_by_its_own_state_and_waits_for_it_where_none_is_said(office: Office) -> None:
    plan_id, elsewhere = await office.plan(), {"line1": "1 Lake Road", "city": "Bengaluru", "country": "IN"}
    said = await office.subscribe(plan_id, delivery={"address": elsewhere, "state_code": "29"})
    same = await office.subscribe(plan_id, delivery={"state_code": "27"})
    unsaid = await office.subscribe(plan_id)
    stored = "UPDATE subscriptions SET delivery = CAST(:delivery AS jsonb), version = version + 1 WHERE id = :id"
    await office.session.execute(text(stored), {"id": unsaid["id"], "delivery": json.dumps({"address": elsewhere})})

    await office.bill()

    supplies = "SELECT place_of_supply FROM subscription_periods WHERE subscription_id = :id"
    assert [await rows(office.session, supplies, id=one["id"]) for one in (said, same, unsaid)] == [[("29",)], [("27",)], []]
    assert "delivery.state_code" in (await office.get(unsaid))["held_reason"]


async def test_what_could_not_be_priced_goes_on_by_itself_once_it_can_and_its_case_is_over(office: Office) -> None:
    first, other = [await office.subscribe(await office.plan(code=code)) for code in ("one", "two")]
    hold = "UPDATE subscriptions SET held_reason = 'nobody knew', version = version + 1 WHERE id = :id"
    opened = KeptCases(CaseRepository(office.session), office.clock)
    for one in (first, other):
        await office.session.execute(text(hold), {"id": one["id"]})
        await opened.open("billing_held", None, {"subscription_id": one["id"], "reason": "nobody knew"})
    assert (await office.act(other, "cancel", reason="gone", at="now")).is_success

    for _ in range(2):
        await office.bill()

    assert ((await office.get(first))["held_reason"], len(await office.periods(first))) == (None, 1)
    ended = "SELECT resolution FROM cases WHERE kind = 'billing_held'"
    assert await rows(office.session, ended) == [("settled_itself",)] * 2


async def test_subscriptions_end_when_they_are_to(office: Office) -> None:
    subscription = await office.subscribe(await office.plan(), ends_on="2026-05-02")

    await office.bill(at(2026, 8, 1))

    assert [start for start, *_ in await office.periods(subscription)] == ["2026-03-02", "2026-04-02"]
    after = await office.get(subscription)
    assert (after["status"], after["next_bill_at"], after["cancelled_at"]) == ("ended", None, "2026-08-01T00:00:00Z")


async def test_many_periods_that_are_paid_at_once_take_no_more_statements_than_one(office: Office) -> None:
    plan_id, customer_id = await office.plan(), await have_customer(office.session)
    for _ in range(6):
        await office.subscribe(plan_id, customer_id)
    await office.bill()
    payments = [(key, amount) for key, amount in await rows(office.session, "SELECT id, amount_minor FROM payments ORDER BY id")]
    seen: list[str] = []
    event.listen(office.session.get_bind().engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    counts = []
    for together in (payments[:1], payments[1:]):
        seen.clear()
        await office.captured_together(together)
        counts.append(len([one for one in seen if "SAVEPOINT" not in one]))

    assert counts[0] == counts[1]
    assert await rows(office.session, "SELECT status, count(*) FROM subscription_periods GROUP BY 1") == [("paid", 6)]
    assert await rows(office.session, "SELECT 1 FROM customer_credits") == []


async def test_one_that_the_database_refuses_waits_for_a_person_and_keeps_nobody_else_waiting(office: Office) -> None:
    plan_id = await office.plan()
    ones = [await office.subscribe(plan_id) for _ in range(4)]
    await office.session.execute(MUCH, {"id": uuid4(), "subscription_id": UUID(ones[1]["id"]), "at": office.clock()})

    for _ in range(2):
        await office.bill()

    assert [len(await office.periods(one)) for one in ones] == [1, 0, 1, 1]
    assert [(await office.get(one))["held_reason"] for one in ones] == [None, HELD_REFUSED, None, None]
    assert await rows(office.session, "SELECT kind, details ->> 'subscription_id' FROM cases") == [
        ("billing_held", ones[1]["id"])
    ]
    assert len(await published(office.session, ProcessPayment)) == 3


@pytest.mark.commits
async def test_two_runs_at_once_share_the_work_and_bill_each_period_once(database: Database) -> None:
    now = at(2026, 3, 2)
    async with database.unit_of_work() as session:
        await have_many(session, 700)

    async def run() -> int:
        async with database.unit_of_work() as session:
            return (await deps.due_billing(session).run(now)).taken

    taken = await asyncio.gather(run(), run())
    left = await run()

    assert (sum(taken), left) == (700, 0)
    async with database.read() as reading:
        counts = "SELECT count(*), count(DISTINCT payment_id), sum(total_minor)::bigint FROM subscription_periods"
        assert await rows(reading, counts) == [(700, 700, 700 * 118_000)]
        assert await rows(reading, "SELECT count(*) FROM payments") == [(700,)]
        charges = {one.payment_id for one in await published(reading, ProcessPayment)}
        assert len(charges) == 700
        assert len(await published(reading, ProcessDueSubscriptions)) == taken.count(500)
