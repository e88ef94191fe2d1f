"""Several changes within one period: what they credit and charge together is what its days come to, and no day counts twice."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.payments.periods.models import Period
from services.payments.subscriptions.billing import share
from services.payments.tests.subscriptions.arrange import Office, at, have_customer, rows
from shared.testing.clock import MONDAY_MORNING

MARCH = Period(date(2026, 3, 2), date(2026, 4, 2))
PRICES = {"basic": 100_000, "gold": 333_333, "free": 0}
BOOKED = "SELECT coalesce(sum(amount_minor), 0)::bigint FROM subscription_adjustments WHERE subscription_id = :id"
CHANGES = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([*PRICES]), st.integers(1, 9)), min_size=1, max_size=5)


async def _begin(office: Office, plan_id: UUID, customer_id: UUID) -> UUID:
    """One whose period of March is billed and paid."""
    office.clock.set(MONDAY_MORNING)
    one = await office.subscribe(plan_id, customer_id)
    await office.bill()
    found = "SELECT payment_id, total_minor FROM subscription_periods WHERE subscription_id = :id"
    for payment_id, total in await rows(office.session, found, id=UUID(one["id"])):
        await office.captured(payment_id, total)
    return UUID(one["id"])


async def _plans(office: Office) -> dict[str, UUID]:
    charge = {"sac": "998439", "tax_rate_bp": 1800}
    return {
        name: await office.plan(code=name, max_quantity=9, charge=charge | {"unit_price_minor": price})
        for name, price in PRICES.items()
    }


def _left(plan: str, quantity: int, offset: int) -> int:
    """What the days from an offset on come to: the whole without those before."""
    gross, day = PRICES[plan] * quantity, MARCH.start + timedelta(days=offset)
    return gross - share(gross, Period(MARCH.start, day), MARCH) if offset else gross


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
async def test_any_changes_of_plan_and_quantity_come_to_what_the_days_come_to(
    office: Office, changes: list[tuple[int, str, int]]
) -> None:
    known = await rows(office.session, "SELECT code, id FROM plans")
    plans = dict(known) or await _plans(office)
    key = await _begin(office, plans["basic"], await have_customer(office.session))
    expected, plan, quantity = 0, "basic", 1

    for offset, to_plan, to_quantity in sorted(changes, key=lambda change: change[0]):
        office.clock.set(MONDAY_MORNING + timedelta(days=offset))
        body = {"plan_id": str(plans[to_plan]), "quantity": to_quantity}
        assert (await office.act({"id": key}, "change", **body)).is_success
        expected += _left(to_plan, to_quantity, offset) - _left(plan, quantity, offset)
        plan, quantity = to_plan, to_quantity

    assert await rows(office.session, BOOKED, id=key) == [(expected,)]


async def test_more_and_then_fewer_on_one_day_are_charged_as_the_fewer_alone(office: Office) -> None:
    key = await _begin(office, (await _plans(office))["basic"], await have_customer(office.session))
    office.clock.set(at(2026, 3, 12, 9))

    for quantity in (5, 2):
        assert (await office.act({"id": key}, "change", quantity=quantity)).is_success

    # One more than was billed, for 21 of the 31 days.
    assert await rows(office.session, BOOKED, id=key) == [(67_742,)]
