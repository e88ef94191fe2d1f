"""Completed trips as trips tells of them: kept once, newer ones in place of older, nothing issued."""

from typing import Any, Final
from uuid import UUID

from services.payments.tests.invoices.arrange import CUSTOMER, NOW, OURS, THEIRS, rows
from shared.contracts.payments import InvoiceIssued
from shared.contracts.trips import TripCompleted
from shared.runtime.db import Session
from shared.testing.messages import TaskRunner, assert_nothing_published
from shared.testing.service import ApiClient

TRIP: Final = UUID(int=77)


def completed(**changed: Any) -> TripCompleted:
    """A trip of the usual customer, but for what is named."""
    usual: dict[str, Any] = {
        "trip_id": TRIP,
        "organization_id": OURS,
        "entity_version": 5,
        "trip_number": "T-418",
        "customer": f"payments.customer:{CUSTOMER}",
        "mobility": "wheelchair",
        "distance_m": 18400,
        "duration_s": 2700,
        "waiting_s": 600,
        "completed_at": NOW.at,
    }
    return TripCompleted(**{**usual, **changed})


async def test_trip_that_is_told_of_twice_is_kept_once_and_issues_nothing(session: Session, run_task: TaskRunner) -> None:
    handled = [await run_task(completed(), source="trips") for _ in range(2)]

    assert [one.outcome for one in handled] == ["done", "done"]
    kept = await rows(session, "SELECT trip_id, customer_id, mobility, distance_m, duration_s, waiting_s FROM billable_trips")
    assert kept == [(TRIP, CUSTOMER, "wheelchair", 18400, 2700, 600)]
    assert await rows(session, "SELECT 1 FROM invoices") == []
    await assert_nothing_published(session, InvoiceIssued)


async def test_newest_version_stays_whatever_the_order(session: Session, run_task: TaskRunner) -> None:
    await run_task.run([completed(entity_version=6, distance_m=6), completed(entity_version=7, distance_m=7)], source="trips")
    await run_task(completed(entity_version=5, distance_m=5), source="trips")
    await run_task(completed(entity_version=9, organization_id=THEIRS, distance_m=9), source="trips")

    assert await rows(session, "SELECT entity_version, distance_m, organization_id FROM billable_trips") == [(7, 7, OURS)]


async def test_customers_of_others_are_nobody_who_is_billed(run_task: TaskRunner, client: ApiClient) -> None:
    strangers = (None, "trips.patient:7", "payments.customer:none")
    await run_task.run(
        [completed(trip_id=UUID(int=place), customer=customer) for place, customer in enumerate(strangers)], source="trips"
    )

    shown = await client.as_role("viewer", organization_id=OURS).get("/v1/billable-trips", params={"limit": 2})

    assert [item["customer_id"] for item in shown.json()["items"]] == [None, None]
    assert shown.json()["next_cursor"] is not None
    assert (await client.as_role("viewer", organization_id=THEIRS).get("/v1/billable-trips")).json()["items"] == []
