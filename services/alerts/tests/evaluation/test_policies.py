"""By which policy a run raises, and that a policy that changes is not missed."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import OURS, evaluate, noon, rows
from services.alerts.tests.policies.ask import POLICIES, STEPS, create, have_shipment, publish
from shared.contracts.alerts import EvaluateShipment
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.service import ApiClient

THURSDAY = date(2026, 4, 2)
RAISED = "SELECT raised_on, step, severity, days_late FROM alerts ORDER BY raised_on"


@pytest.fixture
def operator(client: ApiClient) -> ApiClient:
    """Somebody who may write the own organization's policies."""
    return client.as_role("operator", organization_id=OURS)


async def run_daily(session: Session, first: date, days: int) -> list[tuple[Any, ...]]:
    """A run a day, and the alerts that came of it."""
    for number in range(days):
        await evaluate(session, first + timedelta(days=number))
    return list(await rows(session, RAISED))


async def test_business_days_pass_over_week_ends_and_holidays(operator: ApiClient, session: Session) -> None:
    answer = await create(operator, version={"basis": "business", "calendar": "DE"})
    assert answer.status_code == 201, answer.text
    await have_shipment(session, THURSDAY)

    raised = await run_daily(session, THURSDAY, 10)

    # Good Friday, the week-end and Easter Monday lie between the ETA and the first business day after it.
    assert raised == [(date(2026, 4, 8), 1, "warning", 2), (date(2026, 4, 10), 2, "critical", 4)]


async def test_policy_for_a_hold_counts_while_the_hold_is_in_force(operator: ApiClient, session: Session) -> None:
    assert (await create(operator, for_holds=["customs"])).status_code == 201
    await have_shipment(session, THURSDAY, holds=["customs"])
    await have_shipment(session, THURSDAY)

    raised = await run_daily(session, THURSDAY, 3)

    day = THURSDAY + timedelta(days=1)
    assert raised == [(day, 1, "info", 1), (day + timedelta(days=1), 1, "warning", 2)]


async def test_version_that_comes_into_force_is_applied_to_what_was_looked_at_before(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    today = clock().date()
    await have_shipment(session, today)
    await evaluate(session, today + timedelta(days=1))
    steps = [{"days_late": 2, "severity": "high"}, {"days_late": 3, "severity": "critical"}]
    effective_from = (today + timedelta(days=2)).isoformat()
    assert (await create(operator, version={"effective_from": effective_from, "steps": steps})).status_code == 201

    raised = await run_daily(session, today + timedelta(days=2), 2)

    assert [row[1:] for row in raised] == [(1, "info", 1), (1, "high", 2), (2, "critical", 3)]


async def test_newer_version_with_fewer_steps_raises_what_is_more_severe(
    operator: ApiClient, session: Session, clock: FrozenClock
) -> None:
    today = clock().date()
    old = [
        {"days_late": 1, "severity": "info"},
        {"days_late": 2, "severity": "warning"},
        {"days_late": 9, "severity": "critical"},
    ]
    new = [{"days_late": 1, "severity": "warning"}, {"days_late": 4, "severity": "critical"}]
    created = await create(operator, version={"steps": old})
    effective = {"effective_from": (today + timedelta(days=4)).isoformat(), "steps": new}
    published = await publish(operator, created.json()["id"], created.headers["ETag"], **effective)
    assert (created.status_code, published.status_code) == (201, 201)
    await have_shipment(session, today)

    raised = await run_daily(session, today, 6)

    assert [row[1:] for row in raised] == [(1, "info", 1), (2, "warning", 2), (2, "critical", 4)]


async def test_policy_that_comes_to_apply_raises_what_is_more_severe_than_what_another_one_raised(
    operator: ApiClient, session: Session, run_task: TaskRunner
) -> None:
    steps = [{"days_late": 6, "severity": "warning"}, {"days_late": 7, "severity": "critical"}]
    assert (await create(operator, for_holds=["customs"], version={"steps": steps})).status_code == 201
    shipment_id = await have_shipment(session, THURSDAY)
    await run_daily(session, THURSDAY, 6)

    await session.execute(text("INSERT INTO shipment_holds VALUES (uuidv7(), :id, 'customs', '2026-04-07')"), {"id": shipment_id})
    raised = await run_daily(session, THURSDAY + timedelta(days=6), 3)

    assert [row[1:] for row in raised] == [(1, "info", 1), (2, "warning", 3), (3, "high", 5), (2, "critical", 7)]
    moment = noon(THURSDAY + timedelta(days=6))
    told = (await run_task(EvaluateShipment(shipment_id=shipment_id, as_of=moment), occurred_at=moment)).result
    assert told["reason"] == "it is 6 days past its ETA; step 1 or a higher one was raised before for this ETA"


async def test_explanation_names_the_policy_and_its_business_days(
    operator: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    answer = await create(operator, name="Working days", version={"basis": "business", "calendar": "DE"})
    assert answer.status_code == 201
    eta = clock().date() - timedelta(days=3)
    shipment_id = await have_shipment(session, eta)

    told = (await run_task(EvaluateShipment(shipment_id=shipment_id), occurred_at=clock())).result

    assert (told["policy"], told["basis"], told["calendar"]) == ("Working days", "business", "DE")
    assert (told["outcome"], told["days_late"]) == ("not_late_enough", 1)
    assert told["reason"] == f"it is 1 business day past its ETA; the first step is reached on {told['next_evaluation_on']}"


async def test_shipment_that_no_policy_applies_to_says_so(
    client: ApiClient, session: Session, run_task: TaskRunner, clock: FrozenClock
) -> None:
    await session.connection()
    ((policy_id, version),) = await rows(session, "SELECT id, version FROM policies")
    body = {"effective_from": clock().date().isoformat(), "statuses": ["customs_hold"], "steps": STEPS}
    admin = client.as_role("admin")
    answer = await admin.post(f"{POLICIES}/{policy_id}/versions", json=body, headers={"If-Match": f'"v{version}"'})
    assert answer.status_code == 201, answer.text
    shipment_id = await have_shipment(session, clock().date() - timedelta(days=9))

    explained = (await run_task(EvaluateShipment(shipment_id=shipment_id), occurred_at=clock())).result

    assert (explained["outcome"], explained["policy"], explained["alert_id"]) == ("no_policy", None, None)
