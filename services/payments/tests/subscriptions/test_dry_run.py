"""What billing would do, without doing it."""

from services.payments.tests.subscriptions.arrange import BOX, Office, rows
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
