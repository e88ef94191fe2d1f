"""Dry runs: exact counts on history, beside what is in force, and nothing is written."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.alerts.tests.arrange import OURS, THEIRS, evaluate, rows
from services.alerts.tests.policies.ask import (
    DEFAULT_STEPS,
    POLICIES,
    create,
    dry_run,
    have_shipment,
    leave,
    publish,
    revise,
)
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.service import ApiClient

FEBRUARY = ("2026-02-01", "2026-02-28")
NOTHING = {"info": 0, "warning": 0, "high": 0, "critical": 0}


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody of OURS."""
    return client.as_role("operator", organization_id=OURS)


def day(number: int) -> date:
    """A day of February 2026."""
    return date(2026, 2, number)


def days(counts: dict[str, Any]) -> dict[int, int]:
    """Alerts by day of the month."""
    return {date.fromisoformat(one["day"]).day: one["alerts"] for one in counts["by_day"]}


async def test_alerts_are_counted_on_the_days_on_which_steps_are_crossed(operator: ApiClient, session: Session) -> None:
    await have_shipment(session, day(10), customer="A")
    await have_shipment(session, day(12), customer="B")

    answer = await dry_run(operator, *FEBRUARY, steps=[{"days_late": 2, "severity": "high"}])

    assert answer["shipments_considered"] == 2
    assert answer["proposed"] == {
        "alerts": 2,
        "shipments": 2,
        "recipients": 1,
        "emails": 2,
        "digests": 0,
        "by_day": [{"day": "2026-02-12", "alerts": 1}, {"day": "2026-02-14", "alerts": 1}],
        "by_severity": NOTHING | {"high": 2},
        "by_customer": [
            {"organization_id": str(OURS), "customer": "A", "alerts": 1},
            {"organization_id": str(OURS), "customer": "B", "alerts": 1},
        ],
    }
    assert days(answer["in_force"]) == {11: 1, 13: 2, 15: 2, 17: 2, 19: 1}
    assert answer["in_force"]["by_severity"] == {"info": 2, "warning": 2, "high": 2, "critical": 2}


async def test_only_the_days_asked_for_are_counted(operator: ApiClient, session: Session) -> None:
    await have_shipment(session, day(10))

    answer = await dry_run(operator, "2026-02-13", "2026-02-15")

    assert days(answer["proposed"]) == {13: 1, 15: 1}


async def test_an_eta_counts_while_it_is_the_last_that_was_told(operator: ApiClient, session: Session) -> None:
    shipment = await have_shipment(session, day(10))
    await revise(session, shipment, day(14), told_on=day(13))
    await revise(session, shipment, day(16), told_on=day(20))

    answer = await dry_run(operator, *FEBRUARY)

    # 11: one day past the 10th. 15, 17, 19: past the 14th; 20: already four days past the 16th, so 21 is the fifth.
    assert days(answer["proposed"]) == {11: 1, 15: 1, 17: 1, 19: 1, 20: 1, 21: 1, 23: 1}
    assert answer["proposed"]["by_severity"] == {"info": 2, "warning": 2, "high": 2, "critical": 1}


async def test_of_steps_that_fall_on_one_day_the_highest_counts(operator: ApiClient, session: Session) -> None:
    await have_shipment(session, day(1), told_on=day(7))

    answer = await dry_run(operator, *FEBRUARY)

    assert days(answer["proposed"]) == {7: 1, 8: 1}
    assert answer["proposed"]["by_severity"] == NOTHING | {"high": 1, "critical": 1}


async def test_what_is_crossed_after_a_shipment_was_delivered_does_not_count(operator: ApiClient, session: Session) -> None:
    shipment = await have_shipment(session, day(10))
    await leave(session, shipment, on=day(13))

    answer = await dry_run(operator, *FEBRUARY)

    assert days(answer["proposed"]) == {11: 1, 13: 1}


async def test_mails_are_counted_by_recipient_and_day_and_critical_ones_apart(operator: ApiClient, session: Session) -> None:
    for _ in range(3):
        await have_shipment(session, day(10), recipients=["a@example.com", "b@example.com"])
    await have_shipment(session, day(11), recipients=["a@example.com"])
    steps = [{"days_late": 1, "severity": "info"}, {"days_late": 2, "severity": "critical"}]

    answer = (await dry_run(operator, *FEBRUARY, steps=steps, digest_above=2))["proposed"]

    # On the 11th three info for both, on the 12th three critical for both and an info for a, on the 13th a critical for a.
    assert (answer["alerts"], answer["recipients"], answer["digests"], answer["emails"]) == (8, 2, 4, 2)


async def test_shipments_are_those_that_the_policy_would_apply_to(operator: ApiClient, session: Session) -> None:
    await create(operator, customer="A")
    for customer, mode, organization in (("A", "sea", OURS), ("B", "sea", OURS), ("B", "air", OURS), ("B", "sea", THEIRS)):
        await have_shipment(session, day(10), customer=customer, mode=mode, organization_id=organization)

    of_all = await dry_run(operator, *FEBRUARY)
    of_sea = await dry_run(operator, *FEBRUARY, mode="sea")
    of_a = await dry_run(operator, *FEBRUARY, customer="A", steps=DEFAULT_STEPS[:1])

    assert [one["shipments_considered"] for one in (of_all, of_sea, of_a)] == [2, 1, 1]
    assert (of_a["proposed"]["alerts"], of_a["in_force"]["alerts"]) == (1, 2)


async def test_a_new_version_is_compared_with_the_one_whose_place_it_takes(operator: ApiClient, session: Session) -> None:
    made = (await create(operator, version={"steps": DEFAULT_STEPS[:2]})).json()["id"]
    await publish(operator, made, '"v1"', steps=DEFAULT_STEPS[:3])
    await have_shipment(session, day(10))

    answer = await dry_run(operator, *FEBRUARY, steps=DEFAULT_STEPS[:1])

    assert (answer["proposed"]["alerts"], answer["in_force"]["alerts"]) == (1, 3)


async def test_business_days_are_counted_by_a_calendar_that_is_not_written_for_it(operator: ApiClient, session: Session) -> None:
    # Friday the 13th; the 16th and 17th of February are holidays in Brazil, where the carnival is.
    await have_shipment(session, day(13))
    content: dict[str, Any] = {"basis": "business", "calendar": "BR-RJ", "steps": [{"days_late": 2, "severity": "info"}]}
    weekend: dict[str, Any] = {"basis": "business", "calendar": "DE", "steps": [{"days_late": 2, "severity": "info"}]}

    carnival, plain = await dry_run(operator, *FEBRUARY, **content), await dry_run(operator, *FEBRUARY, **weekend)

    assert (days(carnival["proposed"]), days(plain["proposed"])) == ({18: 1}, {17: 1})
    assert await rows(session, "SELECT count(*) FROM calendars") == [(0,)]


async def test_a_dry_run_writes_nothing(operator: ApiClient, session: Session) -> None:
    await have_shipment(session, day(10))
    everything = "SELECT (SELECT count(*) FROM policies), (SELECT count(*) FROM policy_versions), (SELECT count(*) FROM alerts)"

    await dry_run(operator, *FEBRUARY)

    assert await rows(session, everything) == [(1, 1, 0)]


async def test_the_default_counts_what_daily_runs_raised(client: ApiClient, session: Session, clock: FrozenClock) -> None:
    shipments = [await have_shipment(session, day(3 + number % 9), told_on=day(1)) for number in range(12)]
    raised: dict[int, int] = {}
    for number in range(1, 29):
        if number in (6, 11, 16):
            for place, shipment in enumerate(shipments[number % 4 :: 3]):
                await revise(session, shipment, day(number - 3 + 2 * place), told_on=day(number))
        if count := (await evaluate(session, day(number))).raised:
            raised[number] = count
        if number in (8, 14):
            await leave(session, shipments.pop(), on=day(number))
    clock.set(clock() + timedelta(days=1))

    answer = await dry_run(client.as_role("viewer"), *FEBRUARY)

    assert sum(raised.values()) > 40
    assert days(answer["proposed"]) == days(answer["in_force"]) == raised
    severities = dict(await rows(session, "SELECT severity, count(*) FROM alerts GROUP BY severity"))
    assert answer["proposed"]["by_severity"] == NOTHING | severities


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from": "2026-02-02", "to": "2026-02-01"}, "period_not_counted"),
        ({"from": "2025-03-01", "to": "2026-03-02"}, "period_not_counted"),
        ({"from": "2026-03-01", "to": "2026-03-03"}, "period_not_counted"),
        ({"from": "1999-12-31", "to": "2000-01-01"}, "period_not_counted"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, "invalid_request"),
        ({"from": 0, "to": "2026-03-01"}, "invalid_request"),
        ({"enabled": False}, "invalid_request"),
        ({"customer": "a\0"}, "invalid_request"),
        ({"steps": []}, "invalid_request"),
        ({"steps": [{"days_late": 1, "severity": "info"}] * 10_000}, "invalid_request"),
        ({"basis": "business", "calendar": "XX"}, "unknown_calendar"),
    ],
)
async def test_what_cannot_be_counted_is_refused(operator: ApiClient, fields: dict[str, Any], code: str) -> None:
    body = {"steps": DEFAULT_STEPS, "from": "2026-02-01", "to": "2026-02-28"} | fields

    answer = await operator.post(f"{POLICIES}/dry-run", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
