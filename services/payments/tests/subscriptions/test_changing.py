"""What people do about a subscription, and what is refused."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.payments.subscriptions.due_models import HELD_BEHIND
from services.payments.tests.subscriptions.arrange import BOX, PRO, Office, at, code, have_method, rows
from shared.contracts.notifications import CancelMessages
from shared.contracts.payments import OrderCancelled, OrderPlaced, SubscriptionEnded, SubscriptionStarted
from shared.testing.messages import assert_published, published

IF_ANY = {"If-Match": "*"}
OPEN = "SELECT open_minor FROM subscription_adjustments WHERE subscription_id = :id ORDER BY amount_minor"


async def _paid(office: Office, subscription: dict[str, Any]) -> None:
    """Its open period is paid for."""
    query = "SELECT payment_id, total_minor FROM subscription_periods WHERE subscription_id = :id AND status = 'open'"
    for payment_id, total in await rows(office.session, query, id=UUID(subscription["id"])):
        await office.captured(payment_id, total)


async def _running(office: Office, plan: dict[str, Any] = PRO, **fields: Any) -> dict[str, Any]:
    subscription = await office.subscribe(await office.plan(plan, max_quantity=9), **fields)
    await office.bill()
    await _paid(office, subscription)
    return await office.get(subscription)


async def test_a_pause_is_not_billed_and_its_days_are_not_made_up(office: Office) -> None:
    one = await _running(office)
    office.clock.set(at(2026, 3, 20, 9))

    paused = await office.act(one, "pause", reason="on holiday")
    again = await office.act(one, "pause")
    await office.bill(at(2026, 5, 20, 9))
    resumed = await office.act(one, "resume")
    await office.bill()

    assert (paused.json()["status"], paused.json()["next_bill_at"]) == ("paused", None)
    assert (code(again), again.json()["subscription_status"]) == ((409, "subscription_forbids"), "paused")
    assert resumed.json()["next_period_start"] == "2026-05-20"
    # From 20 May to the anchor's 2 June: 13 of 31 days.
    assert await office.periods(one) == [
        ("2026-03-02", "2026-04-02", "paid", 118_000),
        ("2026-05-20", "2026-06-02", "open", 49_500),
    ]
    await assert_published(office.session, CancelMessages, subject_key=f"payments.subscription:{one['id']}")


async def test_a_pause_ends_by_itself(office: Office) -> None:
    one = await _running(office)

    early = await office.act(one, "pause", resumes_on="2026-03-02")
    await office.act(one, "pause", resumes_on="2026-04-10")
    await office.bill(at(2026, 4, 9, 18))
    before = await office.get(one)
    await office.bill(at(2026, 4, 9, 19))

    assert (code(early), before["status"]) == ((422, "resume_too_early"), "paused")
    assert [start for start, *_ in await office.periods(one)] == ["2026-03-02", "2026-04-10"]


async def test_a_cancellation_at_the_end_can_be_taken_back_and_ends_what_is_not(office: Office) -> None:
    kept, left = await _running(office), await _running(office, PRO | {"code": "other"})
    for one in (kept, left):
        assert (await office.act(one, "cancel", reason="too dear")).json()["ends_at_period_end"] is True
    await office.act(kept, "keep")

    await office.bill(at(2026, 4, 2))

    assert [len(await office.periods(one)) for one in (kept, left)] == [2, 1]
    ended = await office.get(left)
    assert (ended["status"], ended["cancel_reason"]) == ("cancelled", "too dear")
    assert [str(one.subscription_id) for one in await published(office.session, SubscriptionEnded)] == [left["id"]]
    assert code(await office.act(left, "resume")) == (409, "subscription_forbids")


async def test_a_cancellation_now_voids_what_was_not_paid(office: Office) -> None:
    one = await office.subscribe(await office.plan(BOX))
    await office.bill()

    answer = await office.act(one, "cancel", at="now")

    assert answer.json()["status"] == "cancelled"
    assert [status for *_, status, _ in await office.periods(one)] == ["void"]
    key = UUID(one["id"])
    assert (await assert_published(office.session, SubscriptionStarted, subscription_id=key)).on_trial is False
    assert (await assert_published(office.session, OrderPlaced, subscription_id=key)).lines == 1
    await assert_published(office.session, OrderCancelled)
    await assert_published(office.session, SubscriptionEnded, subscription_id=key, status="cancelled")
    assert await rows(office.session, "SELECT status FROM orders") == [("cancelled",)]
    assert await rows(office.session, "SELECT status, is_live FROM payments") == [("cancelled", False)]


async def test_a_dearer_plan_credits_and_charges_the_days_that_are_left(office: Office) -> None:
    one = await _running(office)
    gold = await office.plan(code="gold", charge={"sac": "998439", "unit_price_minor": 300_000, "tax_rate_bp": 1800})
    office.clock.set(at(2026, 3, 12, 9))

    answer = await office.act(one, "change", plan_id=str(gold))
    await office.bill(at(2026, 4, 2))

    # 21 of the 31 days are left: 677.42 of 1,000.00 are credited, 2,032.26 of 3,000.00 charged.
    amounts = "SELECT amount_minor, open_minor FROM subscription_adjustments ORDER BY amount_minor"
    assert await rows(office.session, amounts) == [(-67_742, 0), (203_226, 0)]
    assert answer.json()["plan_version_id"] != one["plan_version_id"]
    (_, period) = await office.periods(one)
    # 3,000.00 + 2,032.26 - 677.42 = 4,354.84, with 18 % of tax 5,138.71, rounded to the rupee.
    assert period == ("2026-04-02", "2026-05-02", "open", 513_900)


async def test_another_rhythm_begins_today_and_the_credit_pays_first(office: Office) -> None:
    one = await _running(office)
    charge = {"sac": "998439", "unit_price_minor": 1_000_000, "tax_rate_bp": 1800}
    yearly = await office.plan(code="yearly", interval="year", charge=charge)

    same_day = await office.act(one, "change", plan_id=str(yearly))
    office.clock.set(at(2026, 3, 12, 9))
    await office.act(one, "change", plan_id=str(yearly))
    await office.bill()

    assert code(same_day) == (409, "billed_today")
    # (10,000.00 - 677.42) * 1.18 = 11,000.64
    assert await office.periods(one) == [
        ("2026-03-02", "2026-03-12", "paid", 118_000),
        ("2026-03-12", "2027-03-12", "open", 1_100_100),
    ]


async def test_fewer_leave_a_credit_that_no_period_takes_twice(office: Office) -> None:
    one = await _running(office, quantity=9)
    office.clock.set(at(2026, 3, 3, 9))

    await office.act(one, "change", quantity=1)
    totals = []
    for month in (4, 5, 6, 7, 8, 9, 10, 11, 12):
        await office.bill(at(2026, month, 2))
        totals.append((await office.periods(one))[-1][3])

    # 8,709.68 were charged for 30 of 31 days of nine, and 967.74 are due for one: 7,741.94 pay seven months and more.
    assert totals[:7] == [0] * 7
    assert sum(totals[7:]) == round((9_000_00 + 96_774 - 870_968) * 1.18 / 100) * 100
    assert await rows(office.session, OPEN, id=UUID(one["id"])) == [(0,), (0,)]


async def test_deliveries_change_with_the_next_period_and_can_be_skipped(office: Office) -> None:
    one = await _running(office, BOX)
    path = f"/v1/subscriptions/{one['id']}/skips"

    now = await office.act(one, "change", quantity=2)
    later = await office.act(one, "change", quantity=2, when="next_period")
    skipped = [await office.api.put(f"{path}/{day}") for day in ("2026-03-09", "2026-03-09", "2026-03-10", "2026-03-02")]
    await office.api.put(f"{path}/2026-03-16")
    back = [await office.api.delete(f"{path}/2026-03-16") for _ in range(2)]
    await office.bill(at(2026, 3, 9))
    await office.bill(at(2026, 3, 16))

    assert (code(now), later.json()["next_quantity"]) == ((422, "nothing_delivered"), 2)
    assert [answer.status_code for answer in skipped] == [200, 200, 422, 409]
    assert [answer.status_code for answer in back] == [200, 404]
    assert [(status, total) for *_, status, total in await office.periods(one)] == [
        ("paid", 52_500),
        ("skipped", 0),
        ("open", 105_000),
    ]


async def test_what_cannot_be_changed_is_refused_and_nothing_has_changed(office: Office) -> None:
    one = await office.subscribe(await office.plan())
    await office.bill()
    before = await office.get(one)
    euros = await office.plan(code="euros", currency="EUR")
    actions: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
        "change": ({"quantity": 1, "plan_id": str(euros)}, (409, "currency_differs")),
        "resume": ({}, (409, "subscription_forbids")),
        "retry": ({}, (409, "subscription_forbids")),
        "release": ({}, (409, "not_held")),
        "start-anew": ({}, (409, "subscription_forbids")),
    }

    for action, (body, refusal) in actions.items():
        assert code(await office.act(one, action, **body)) == refusal, action
    unpaid = await office.act(one, "change", plan_id=str(await office.plan(code="gold")))
    stale = await office.api.post(f"/v1/subscriptions/{one['id']}/pause", json={}, headers={"If-Match": '"v1"'})
    none = await office.api.post(f"/v1/subscriptions/{one['id']}/pause", json={})

    assert (code(unpaid), stale.status_code, none.status_code) == ((409, "period_unpaid"), 412, 428)
    assert await office.get(one) == before


async def test_a_held_one_is_billed_when_it_is_released(office: Office) -> None:
    one = await office.subscribe(await office.plan())
    hold = text("UPDATE subscriptions SET held_reason = :behind, version = version + 1")
    await office.session.execute(hold, {"behind": HELD_BEHIND})

    await office.bill()
    nothing = await office.periods(one)
    await office.act(one, "release", reason="it was meant")
    await office.bill()

    assert (nothing, len(await office.periods(one))) == ([], 1)


@pytest.mark.parametrize("status", ["cancelled", "rejected"])
async def test_a_method_that_is_no_good_is_refused(office: Office, status: str) -> None:
    one = await office.subscribe(await office.plan())
    bad = await have_method(office.session, UUID(one["customer_id"]), status=status)

    body = {"payment_method_id": str(bad)}
    answer = await office.api.patch(f"/v1/subscriptions/{one['id']}", json=body, headers=IF_ANY)

    assert code(answer) == (422, "method_unusable")


async def test_delivery_whose_state_nobody_names_is_refused_at_once_and_changes_nothing(office: Office) -> None:
    one = await office.subscribe(await office.plan(BOX))
    elsewhere = {"line1": "1 Lake Road", "city": "Bengaluru", "country": "IN"}
    path = f"/v1/subscriptions/{one['id']}"

    async def change(delivery: dict[str, Any]) -> httpx.Response:
        return await office.api.patch(path, json={"delivery": delivery}, headers={"If-Match": "*"})

    abroad = await change({"state_code": "96"})
    refused = await change({"address": elsewhere})
    after = await office.get(one)
    accepted = [await change(delivery) for delivery in ({"address": elsewhere, "state_code": "29"}, {"state_code": "27"})]

    assert [code(answer) for answer in (abroad, refused)] == [(422, "place_of_supply_unknown")] * 2
    assert "delivery.address" in abroad.json()["detail"]
    assert "delivery.state_code" in refused.json()["detail"]
    assert (after["delivery"], after["version"]) == (None, one["version"])
    assert [answer.status_code for answer in accepted] == [200, 200]


async def test_a_pause_ends_on_its_day_however_late_billing_runs(office: Office) -> None:
    one = await _running(office)
    await office.act(one, "pause", resumes_on="2026-04-10")
    late = at(2026, 5, 20, 9)
    (shown,) = (await office.ok("GET", "/v1/subscriptions/dry-run", params={"at": late.isoformat()}))["totals"]

    await office.bill(late)

    # From 10 April to the anchor's 2 May, 22 of 30 days, and the period that began meanwhile.
    assert await office.periods(one) == [
        ("2026-03-02", "2026-04-02", "paid", 118_000),
        ("2026-04-10", "2026-05-02", "open", 86_500),
        ("2026-05-02", "2026-06-02", "open", 118_000),
    ]
    assert (shown["periods"], shown["total_minor"]) == (2, 86_500 + 118_000)


@pytest.mark.parametrize("resumes_on", [None, "2026-04-20"])
async def test_whoever_owes_a_period_from_before_the_pause_is_past_due_when_it_is_over(
    office: Office, resumes_on: str | None
) -> None:
    one = await office.subscribe(await office.plan())
    await office.bill()
    ((payment, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")
    await office.act(one, "pause", resumes_on=resumes_on)
    await office.declined(payment, 1, "later", office.clock())

    office.clock.set(at(2026, 4, 20, 9))
    if resumes_on is None:
        assert (await office.act(one, "resume")).json()["status"] == "past_due"
    await office.bill()

    # Seven days of grace after the failure of 2 March.
    after = await office.get(one)
    assert (after["status"], after["access_until"]) == ("past_due", "2026-03-09T18:30:00Z")
    assert len(await office.periods(one)) == 1

    await office.captured(payment, total)
    await office.bill()
    assert (await office.get(one))["status"] == "active"
    assert [period[:3] for period in await office.periods(one)] == [
        ("2026-03-02", "2026-04-02", "paid"),
        ("2026-04-20", "2026-05-02", "open"),
    ]
