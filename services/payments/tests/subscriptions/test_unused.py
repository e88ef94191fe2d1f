"""Unused days that were taxed by another rate than what they are taken off: worth the same with the tax."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.subscriptions.models import Adjustment, BilledLine
from services.payments.subscriptions.unused import take_off
from services.payments.tests.payments.arrange import CHECK
from services.payments.tests.subscriptions.arrange import PRO, Office, at, rows
from shared.contracts.payments import GenerateInvoice, SettleSubscription
from shared.testing.messages import published

WHOLE = 10_000
RATES = st.sampled_from([0, 500, 1200, 1800, 2800])
AMOUNTS = st.lists(st.tuples(st.integers(1, 1_000_000), RATES), min_size=1, max_size=5)


async def _changed(office: Office, before: int, after: int, price_minor: int = 100_000) -> dict[str, Any]:
    """One of 1,000.00 that was taxed by a rate of `before`, and from 17 March on is by one of `after`; half of March was left.
    price_minor: what it costs then."""

    def taxed(rate_bp: int, minor: int = 100_000) -> dict[str, Any]:
        return {"sac": "998439", "unit_price_minor": minor, "tax_rate_bp": rate_bp}

    one = await office.subscribe(await office.plan(PRO, charge=taxed(before)))
    await office.bill()
    ((payment, total),) = await rows(office.session, "SELECT payment_id, total_minor FROM subscription_periods")
    await office.captured(payment, total)
    await office.run_task(GenerateInvoice(subscription_id=UUID(one["id"]), period_start=one["started_on"]))
    office.clock.set(at(2026, 3, 17, 9))
    other = await office.plan(PRO, code="other", charge=taxed(after, price_minor))
    assert (await office.act(one, "change", plan_id=str(other))).is_success
    return one


async def test_a_change_to_a_lower_rate_credits_the_tax_that_was_paid(office: Office) -> None:
    one = await _changed(office, 1800, 500)

    await office.bill(at(2026, 4, 2, 1))

    # 1,050.00 for April and 541.94 for the 16 days, less 609.03 that were paid for them: 982.91, rounded to the rupee.
    assert [total for *_, total in await office.periods(one)] == [118_000, 98_300]


async def test_a_change_to_a_higher_rate_credits_no_tax_that_was_not_paid(office: Office) -> None:
    one = await _changed(office, 500, 1800)

    await office.bill(at(2026, 4, 2, 1))

    # 1,180.00 and 609.03, less 541.94.
    assert [total for *_, total in await office.periods(one)] == [105_000, 124_700]


async def test_what_a_lower_rate_leaves_over_is_the_customers_when_the_subscription_ends(office: Office) -> None:
    one = await _changed(office, 1800, 500)
    await office.act(one, "cancel", at="now")

    for asked in await published(office.session, SettleSubscription):
        assert (await office.run_task(asked, occurred_at=office.clock())).outcome == "done"
    await office.session.execute(CHECK)

    # 609.03 - 541.94, but for what less than one paisa before tax comes to.
    assert await rows(office.session, "SELECT kind, amount_minor FROM customer_credits") == [("grant", 6711)]


# Half of March: 516.13 before tax were paid for it, and as much again for each 1,000.00 that it costs from then on.
@pytest.mark.parametrize(
    ("rates", "price", "open_again"),
    [
        # 541.94 are due without tax: more than the 516.13, and less than the 609.03 that these were with it.
        ((1800, 0), 105_000, [-51_613, 54_194]),
        # 490.32 are due, with tax 578.58: less than 516.13, and more than what these were without any.
        ((0, 1800), 95_000, [0, 0]),
    ],
)
async def test_what_a_period_that_comes_to_nothing_had_taken_is_told_with_the_tax(
    office: Office, rates: tuple[int, int], price: int, open_again: list[int]
) -> None:
    one = await _changed(office, *rates, price)
    await office.bill(at(2026, 4, 2, 1))
    ((payment,),) = await rows(office.session, "SELECT payment_id FROM subscription_periods WHERE status = 'open'")
    await office.declined(payment, 1, "later", office.clock())

    await office.act(one, "cancel", at="now")

    found = await rows(office.session, "SELECT open_minor FROM subscription_adjustments ORDER BY amount_minor")
    assert [amount for (amount,) in found] == open_again


@given(lines=AMOUNTS, unused=AMOUNTS)
def test_what_is_taken_is_worth_what_it_is_taken_off_whatever_the_rates(
    lines: list[tuple[int, int]], unused: list[tuple[int, int]]
) -> None:
    billed = [BilledLine(None, "x", "998439", 1, amount, 0, rate) for amount, rate in lines]
    opened = [Adjustment(UUID(int=n), "x", "998439", rate, -amount) for n, (amount, rate) in enumerate(unused, start=1)]

    off = take_off(billed, opened, lambda rate: rate)

    assert all(0 <= part <= amount for part, (amount, _) in zip(off.discounts, lines, strict=True))
    assert all(0 <= off.taken.get(one.id, 0) <= -one.open_minor for one in opened)
    is_all = all(off.taken.get(one.id, 0) == -one.open_minor for one in opened)
    assert is_all or list(off.discounts) == [amount for amount, _ in lines]
    taken = sum(off.taken.get(one.id, 0) * (WHOLE + one.tax_rate_bp) for one in opened)
    given_up = sum(part * (WHOLE + rate) for part, (_, rate) in zip(off.discounts, lines, strict=True))
    assert abs(taken - given_up) <= (len(lines) + len(unused)) * 2 * WHOLE
