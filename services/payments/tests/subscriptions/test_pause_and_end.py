"""A pause of what is to end: the end comes on its day, whichever was asked for first, unless somebody takes it back."""

from typing import Any

import pytest
from sqlalchemy import text

from services.payments.tests.subscriptions.arrange import PRO, Office, at, code, rows
from shared.contracts.payments import SubscriptionEnded
from shared.testing.messages import published

FIRST = ("2026-03-02", "2026-04-02", "paid", 118_000)
"""The month that is paid for. Its end is the first day that is not."""
IN_IT = at(2026, 3, 20, 9)
PAST_IT = at(2026, 4, 20, 9)


async def _paid_for(office: Office, **fields: Any) -> dict[str, Any]:
    one = await office.subscribe(await office.plan(), **fields)
    await office.bill()
    ((payment_id, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")
    await office.captured(payment_id, total)
    office.clock.set(IN_IT)
    return await office.get(one)


async def _pause_and_cancel(
    office: Office, one: dict[str, Any], *, resumes_on: str | None, when: str, first: str
) -> dict[str, Any]:
    """Both, in one of the orders; returns what the second answers."""
    bodies: dict[str, dict[str, Any]] = {"pause": {"resumes_on": resumes_on}, "cancel": {"at": when}}
    shown: dict[str, Any] = {}
    for action in (first, *bodies.keys() - {first}):
        answer = await office.act(one, action, **bodies[action])
        assert answer.is_success, answer.text
        shown = answer.json()
    return shown


async def _ended(office: Office) -> list[str]:
    return [message.status for message in await published(office.session, SubscriptionEnded)]


@pytest.mark.parametrize("first", ["pause", "cancel"])
@pytest.mark.parametrize("resumes_on", [None, "2026-03-25", "2026-04-02", "2026-05-10"])
async def test_the_end_comes_on_its_day_whatever_the_pause_says(office: Office, first: str, resumes_on: str | None) -> None:
    one = await _paid_for(office)

    both = await _pause_and_cancel(office, one, resumes_on=resumes_on, when="period_end", first=first)
    await office.bill(at(2026, 4, 1, 18))
    before = await office.get(one)
    await office.bill(at(2026, 4, 1, 19))
    after = await office.get(one)
    refused = await office.act(one, "resume")

    assert (both["status"], both["ends_at_period_end"], both["next_period_start"]) == ("paused", True, "2026-04-02")
    assert before["status"] == ("active" if resumes_on == "2026-03-25" else "paused")
    assert (after["status"], after["cancelled_at"]) == ("cancelled", "2026-04-01T19:00:00Z")
    assert (after["next_bill_at"], after["resumes_at"], after["paused_on"]) == (None, None, None)
    assert (code(refused), await _ended(office)) == ((409, "subscription_forbids"), ["cancelled"])
    assert await office.periods(one) == [FIRST]


@pytest.mark.parametrize("first", ["pause", "cancel"])
@pytest.mark.parametrize("resumes_on", [None, "2026-05-10"])
async def test_one_that_is_resumed_before_its_end_ends_all_the_same(office: Office, first: str, resumes_on: str | None) -> None:
    one = await _paid_for(office)
    await _pause_and_cancel(office, one, resumes_on=resumes_on, when="period_end", first=first)

    office.clock.set(at(2026, 3, 28, 9))
    resumed = (await office.act(one, "resume")).json()
    await office.bill(PAST_IT)

    assert (resumed["status"], resumed["ends_at_period_end"], resumed["next_period_start"]) == ("active", True, "2026-04-02")
    assert ((await office.get(one))["status"], await office.periods(one)) == ("cancelled", [FIRST])


@pytest.mark.parametrize("first", ["pause", "cancel"])
async def test_one_that_is_kept_in_its_pause_goes_on_after_it(office: Office, first: str) -> None:
    one = await _paid_for(office)
    await _pause_and_cancel(office, one, resumes_on="2026-05-10", when="period_end", first=first)

    kept = (await office.act(one, "keep")).json()
    await office.bill(PAST_IT)
    paused = await office.get(one)
    await office.bill(at(2026, 5, 10))

    assert (kept["status"], kept["ends_at_period_end"], paused["status"]) == ("paused", False, "paused")
    assert [start for start, *_ in await office.periods(one)] == ["2026-03-02", "2026-05-10"]


@pytest.mark.parametrize("resumes_on", [None, "2026-05-10"])
@pytest.mark.parametrize("when", ["now", "period_end"])
@pytest.mark.parametrize("now", [IN_IT, PAST_IT])
async def test_a_cancellation_in_the_pause_of_what_is_over_is_one_of_now(
    office: Office, resumes_on: str | None, when: str, now: Any
) -> None:
    one = await _paid_for(office)
    await office.act(one, "pause", resumes_on=resumes_on)
    await office.bill(now)

    answer = await office.act(one, "cancel", at=when, reason="too dear")
    await office.bill(at(2026, 6, 1))

    ends_now = when == "now" or now == PAST_IT
    assert answer.json()["status"] == ("cancelled" if ends_now else "paused")
    after = await office.get(one)
    assert (after["status"], after["cancel_reason"]) == ("cancelled", "too dear")
    assert (await office.periods(one), await _ended(office)) == ([FIRST], ["cancelled"])


async def test_one_whose_end_has_come_is_not_resumed_before_billing_has_seen_it(office: Office) -> None:
    one = await _paid_for(office)
    await _pause_and_cancel(office, one, resumes_on=None, when="period_end", first="pause")
    office.clock.set(PAST_IT)

    refused = await office.act(one, "resume")
    kept = await office.act(one, "keep")
    resumed = await office.act(one, "resume")

    assert (code(refused), "2026-04-02" in refused.json()["detail"]) == ((409, "subscription_forbids"), True)
    assert (kept.json()["status"], resumed.json()["status"], resumed.json()["next_period_start"]) == (
        "paused",
        "active",
        "2026-04-20",
    )


@pytest.mark.parametrize("resumes_on", [None, "2026-06-10"])
async def test_a_pause_does_not_outlast_the_day_on_which_the_subscription_was_to_end(
    office: Office, resumes_on: str | None
) -> None:
    one = await _paid_for(office, ends_on="2026-05-15")
    await office.act(one, "pause", resumes_on=resumes_on)

    await office.bill(at(2026, 5, 14, 18))
    before = await office.get(one)
    shown = await office.ok("GET", "/v1/subscriptions/dry-run", params={"at": at(2026, 7, 1).isoformat()})
    await office.bill(at(2026, 5, 14, 19))
    after = await office.get(one)

    assert (before["status"], shown["totals"]) == ("paused", [])
    assert (after["status"], after["next_bill_at"], await _ended(office)) == ("ended", None, ["ended"])
    assert await office.periods(one) == [FIRST]


async def test_whoever_owes_when_the_end_comes_in_a_pause_is_past_due_and_ends_once_it_is_paid(office: Office) -> None:
    one = await office.subscribe(await office.plan())
    await office.bill()
    ((payment, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")
    await _pause_and_cancel(office, one, resumes_on=None, when="period_end", first="pause")
    await office.declined(payment, 1, "later", office.clock())

    await office.bill(PAST_IT)
    owing = (await office.get(one))["status"]
    await office.captured(payment, total)
    await office.bill()

    assert (owing, (await office.get(one))["status"]) == ("past_due", "cancelled")
    assert await office.periods(one) == [FIRST]


async def test_the_end_in_a_pause_settles_what_changes_have_left_open(office: Office) -> None:
    one = await _paid_for(office, quantity=1)
    dearer = {"sac": "998439", "unit_price_minor": 300_000, "tax_rate_bp": 1800}
    gold = await office.plan(PRO | {"code": "gold", "charge": dearer})
    await office.act(one, "change", plan_id=str(gold))
    await _pause_and_cancel(office, one, resumes_on=None, when="period_end", first="cancel")

    await office.bill(PAST_IT)

    asked = text("SELECT count(*) FROM outbox WHERE name = 'payments.settle_subscription'")
    assert (await office.session.execute(asked)).scalar_one() == 1
