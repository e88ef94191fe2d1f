"""What billing would do, without doing it."""

from datetime import timedelta

from sqlalchemy import text

from services.payments.tests.subscriptions.arrange import BOX, Office, at, rows
from shared.contracts.payments import ProcessPayment
from shared.testing.messages import assert_nothing_published


async def test_a_dry_run_says_what_billing_would_come_to_and_changes_nothing(office: Office) -> None:
    pro = await office.plan()
    first = await office.subscribe(pro)
    await office.subscribe(pro, method=False)
    await office.subscribe(await office.plan(BOX))
    await office.subscribe(pro, trial_days=3)

    found = await office.ok("GET", "/v1/subscriptions/dry-run")
    later = await office.ok("GET", "/v1/subscriptions/dry-run", params={"at": "2026-04-02T00:00:00Z"})

    assert found["totals"] == [
        {
            "currency": "INR",
            "periods": 3,
            "charged": 2,
            "total_minor": 288_500,
            "charged_minor": 170_500,
            "deliveries": 1,
        }
    ]
    assert (found["subscriptions"], found["complete"], found["held"]) == (3, True, [])
    assert found["bills"][0] == {
        "subscription_id": first["id"],
        "start_on": "2026-03-02",
        "end_on": "2026-04-02",
        "currency": "INR",
        "total_minor": 118_000,
        "is_charged": True,
        "fault": None,
    }
    # Two months of two, the trial's first, and the one delivery that is not missed by then.
    assert (later["totals"][0]["periods"], later["totals"][0]["deliveries"]) == (6, 1)
    assert await rows(office.session, "SELECT count(*) FROM subscription_periods") == [(0,)]
    await assert_nothing_published(office.session, ProcessPayment)


async def test_the_night_bills_what_the_dry_run_has_shown(office: Office) -> None:
    """A trial ends, a plan changes, a pause is over, a box is skipped, and one has waited for a seller."""
    pro = await office.plan()
    await office.subscribe(pro)
    await office.subscribe(pro, method=False)
    await office.subscribe(pro, trial_days=20)
    boxes = await office.subscribe(await office.plan(BOX))
    changing, paused, held = [await office.subscribe(pro) for _ in range(3)]
    await office.bill()
    big = await office.plan(code="big", charge={"sac": "998439", "unit_price_minor": 250_000, "tax_rate_bp": 1800})
    assert (await office.act(changing, "change", plan_id=str(big), when="next_period")).is_success
    assert (await office.act(paused, "pause", resumes_on="2026-03-20")).is_success
    await office.session.execute(
        text("INSERT INTO subscription_skips VALUES (:id, '2026-03-16', 't', now())"), {"id": boxes["id"]}
    )
    hold = "UPDATE subscriptions SET held_reason = 'nobody knew', version = version + 1 WHERE id = :id"
    await office.session.execute(text(hold), {"id": held["id"]})
    tonight = at(2026, 4, 2, 1)
    billed = """SELECT count(*), sum(total_minor)::bigint, count(payment_id), count(order_id),
                       sum(total_minor) FILTER (WHERE payment_id IS NOT NULL)::bigint
                  FROM subscription_periods WHERE billed_at > :before AND status <> 'skipped'"""

    (shown,) = (await office.ok("GET", "/v1/subscriptions/dry-run", params={"at": tonight.isoformat()}))["totals"]
    before = office.clock() + timedelta(seconds=1)
    await office.bill(tonight)

    assert shown["periods"] >= 7
    assert await rows(office.session, billed, before=before) == [
        (shown["periods"], shown["total_minor"], shown["charged"], shown["deliveries"], shown["charged_minor"])
    ]
