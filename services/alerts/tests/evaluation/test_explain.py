"""alerts.evaluate_shipment: which step fired, or why none did."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.alerts.tests.arrange import ETA, OURS, alerts, have, line, noon
from shared.contracts.alerts import AlertsRaised, EvaluateShipment, OrganizationAlerts, QueuePendingEmails
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published


async def explained(run_task: TaskRunner, shipment_id: UUID, late: int) -> dict[str, Any]:
    """The answer for a shipment with the usual ETA on the day on which it is so many days late."""
    moment = noon(ETA + timedelta(days=late))
    handled = await run_task(EvaluateShipment(shipment_id=shipment_id), occurred_at=moment)
    assert (handled.outcome, handled.result["as_of"]) == ("done", moment.date().isoformat())
    answer: dict[str, Any] = handled.result
    return answer


async def only_shipment(session: Session) -> UUID:
    """The id of the one shipment there is."""
    found: UUID = (await session.execute(text("SELECT id FROM shipments"))).scalar_one()
    return found


async def test_step_that_fires_is_named(session: Session, run_task: TaskRunner) -> None:
    await have(session, line())

    answer = await explained(run_task, await only_shipment(session), 3)

    (alert_id,) = (await session.execute(text("SELECT id FROM alerts"))).scalars()
    steps = [(one["step"], one["crosses_on"], one["reached"], one["alert_id"]) for one in answer.pop("steps")]
    assert steps == [
        (1, "2026-03-03", True, None),
        (2, "2026-03-05", True, str(alert_id)),
        (3, "2026-03-07", False, None),
        (4, "2026-03-09", False, None),
    ]
    assert answer.pop("policy_version_id") is not None
    assert answer == {
        "policy": "Default",
        "basis": "calendar",
        "calendar": None,
        "shipment_id": str(await only_shipment(session)),
        "as_of": "2026-03-05",
        "outcome": "raised",
        "reason": "it is 3 days past its ETA, which is step 2, warning",
        "days_late": 3,
        "step": 2,
        "severity": "warning",
        "alert_id": str(alert_id),
        "next_evaluation_on": "2026-03-07",
    }
    await assert_published(session, QueuePendingEmails)
    told = OrganizationAlerts(organization_id=OURS, warning=1)
    await assert_published(session, AlertsRaised, run_id=None, raised=1, organizations=(told,))


async def test_evaluating_twice_raises_once_and_says_that_the_step_was_raised_before(
    session: Session, run_task: TaskRunner
) -> None:
    await have(session, line())
    shipment_id = await only_shipment(session)
    await explained(run_task, shipment_id, 1)

    answer = await explained(run_task, shipment_id, 1)

    assert (answer["outcome"], answer["alert_id"]) == ("already_raised", None)
    assert answer["reason"] == "it is 1 day past its ETA; step 1 or a higher one was raised before for this ETA"
    assert await alerts(session) == [("MAEU1", 1, "info", 1, 1)]
    await assert_published(session, QueuePendingEmails)


@pytest.mark.parametrize("late", [-4, 0])
async def test_shipment_that_is_not_late_is_told_its_first_step(session: Session, run_task: TaskRunner, late: int) -> None:
    await have(session, line())

    answer = await explained(run_task, await only_shipment(session), late)

    assert (answer["outcome"], answer["reason"]) == ("not_late_enough", "it is not late; the first step is reached on 2026-03-03")
    assert (answer["days_late"], answer["next_evaluation_on"]) == (late, "2026-03-03")
    assert await alerts(session) == []


async def test_shipment_that_nobody_watches_says_so(session: Session, run_task: TaskRunner) -> None:
    await have(session, line(status="released"))

    answer = await explained(run_task, await only_shipment(session), 30)

    assert (answer["outcome"], answer["reason"]) == ("not_watched", "lateness does not matter any more in status released")
    assert await alerts(session) == []


async def test_unknown_shipment_is_an_answer_and_no_failure(session: Session, run_task: TaskRunner) -> None:
    answer = await explained(run_task, UUID(int=7), 30)

    assert (answer["outcome"], answer["reason"]) == ("unknown_shipment", "there is no such shipment")
    await assert_nothing_published(session, QueuePendingEmails)
