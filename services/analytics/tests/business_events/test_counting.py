"""Events of the services: each becomes what is counted, once, and a correction takes the place of what it corrects."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.analytics.business_events.translating import _TRANSLATIONS
from services.analytics.event_names.catalogue_models import SERVICE_EVENTS
from services.analytics.tests.events.arrange import rows
from shared.contracts import alerts, notifications, payments, trips
from shared.contracts.documents import FOLDER, product
from shared.contracts.message import Event, Message
from shared.contracts.registry import consumed_by
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner

TOLD = (
    alerts.AlertsRaised,
    alerts.ShipmentsReceived,
    notifications.DeliveriesEnded,
    payments.InvoiceIssued,
    payments.OrderCancelled,
    payments.OrderPlaced,
    payments.PaymentCaptured,
    payments.PaymentFailed,
    payments.RefundMade,
    payments.SubscriptionEnded,
    payments.SubscriptionRenewed,
    payments.SubscriptionStarted,
    trips.TripBooked,
    trips.TripCompleted,
    trips.TripEndedEarly,
)


def sample(message_type: type[Message]) -> Message:
    """The first golden sample of a message."""
    samples: list[Any] = json.loads((FOLDER / "samples" / f"{message_type.contract.name}.json").read_text())
    return message_type.model_validate(samples[0])


@pytest.mark.parametrize("message_type", TOLD, ids=lambda one: one.contract.name)
async def test_an_event_that_is_told_twice_counts_once(
    session: Session, run_task: TaskRunner, message_type: type[Message]
) -> None:
    message, key = sample(message_type), uuid7()
    handled = [await run_task.run([message], ids=[key], occurred_at=MONDAY_MORNING) for _ in range(2)]
    once = await rows(session, "SELECT name, value, user_id FROM events ORDER BY 1, 2")
    if not isinstance(message, alerts.AlertsRaised | alerts.ShipmentsReceived | notifications.DeliveriesEnded):
        # Of what is about one thing another message says nothing new.
        handled.append(await run_task.run([message], occurred_at=MONDAY_MORNING))

    assert [one.outcome for (one,) in handled] == ["done"] * len(handled)
    assert {name for name, _, _ in once} == {message_type.contract.name}
    assert await rows(session, "SELECT name, value, user_id FROM events ORDER BY 1, 2") == once


async def test_a_corrected_trip_takes_the_place_of_what_it_corrects_and_an_old_one_does_not(
    session: Session, run_task: TaskRunner
) -> None:
    trip = sample(trips.TripCompleted)
    assert isinstance(trip, trips.TripCompleted)
    versions = [trip.model_copy(update={"entity_version": v, "distance_m": d}) for v, d in ((7, 700), (9, 900), (8, 800))]
    for one in versions:
        await run_task(one)

    assert await rows(session, "SELECT version, properties ->> 'distance_m' FROM events") == [(9, "900")]


async def test_a_time_that_cannot_be_true_counts_when_it_was_told(session: Session, run_task: TaskRunner) -> None:
    captured = sample(payments.PaymentCaptured)
    wrong = captured.model_copy(update={"captured_at": MONDAY_MORNING + timedelta(days=900)})
    await run_task.run([wrong], occurred_at=MONDAY_MORNING)

    assert await rows(session, "SELECT occurred_at, value FROM events") == [(MONDAY_MORNING, 125000)]


async def test_a_full_batch_of_many_organizations_is_counted(session: Session, run_task: TaskRunner) -> None:
    order = sample(payments.OrderPlaced)
    batch = [order.model_copy(update={"order_id": UUID(int=n), "organization_id": UUID(int=n % 3 + 1)}) for n in range(50)]
    await run_task.run(batch)

    assert await rows(session, "SELECT count(*), count(DISTINCT organization_id) FROM events") == [(50, 3)]


def test_every_event_of_another_service_is_counted_and_its_name_is_known() -> None:
    listened = {
        message for name, (message, _) in consumed_by("analytics").items() if name in product() and issubclass(message, Event)
    }
    others = {one for one in listened if one.contract.owner != "analytics"}

    assert set(_TRANSLATIONS) == set(TOLD) <= others
    assert {one.contract.name for one in TOLD} == {one.name for one in SERVICE_EVENTS}
