"""What a worker does with the events of the services: all of them are counted."""

from collections.abc import Sequence

from services.analytics import event_deps
from shared.contracts.alerts import ShipmentsReceived
from shared.contracts.notifications import DeliveriesEnded
from shared.contracts.payments import (
    InvoiceIssued,
    OrderCancelled,
    OrderPlaced,
    PaymentCaptured,
    PaymentFailed,
    RefundMade,
    SubscriptionEnded,
    SubscriptionRenewed,
    SubscriptionStarted,
)
from shared.contracts.trips import TripBooked, TripCompleted, TripEndedEarly
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task_many


@task_many(ShipmentsReceived)
async def count_shipments_received(session: Session, received: Sequence[Received[ShipmentsReceived]]) -> None:
    """Shipments that came."""
    await event_deps.business_events(session).record(received)


@task_many(DeliveriesEnded)
async def count_deliveries_ended(session: Session, received: Sequence[Received[DeliveriesEnded]]) -> None:
    """Messages that ended."""
    await event_deps.business_events(session).record(received)


@task_many(InvoiceIssued)
async def count_invoice_issued(session: Session, received: Sequence[Received[InvoiceIssued]]) -> None:
    """Invoices."""
    await event_deps.business_events(session).record(received)


@task_many(OrderCancelled)
async def count_order_cancelled(session: Session, received: Sequence[Received[OrderCancelled]]) -> None:
    """Orders that were cancelled."""
    await event_deps.business_events(session).record(received)


@task_many(OrderPlaced)
async def count_order_placed(session: Session, received: Sequence[Received[OrderPlaced]]) -> None:
    """Orders."""
    await event_deps.business_events(session).record(received)


@task_many(PaymentCaptured)
async def count_payment_captured(session: Session, received: Sequence[Received[PaymentCaptured]]) -> None:
    """Money that came in."""
    await event_deps.business_events(session).record(received)


@task_many(PaymentFailed)
async def count_payment_failed(session: Session, received: Sequence[Received[PaymentFailed]]) -> None:
    """Payments that failed."""
    await event_deps.business_events(session).record(received)


@task_many(RefundMade)
async def count_refund_made(session: Session, received: Sequence[Received[RefundMade]]) -> None:
    """Money that went back."""
    await event_deps.business_events(session).record(received)


@task_many(SubscriptionEnded)
async def count_subscription_ended(session: Session, received: Sequence[Received[SubscriptionEnded]]) -> None:
    """Subscriptions that are over."""
    await event_deps.business_events(session).record(received)


@task_many(SubscriptionRenewed)
async def count_subscription_renewed(session: Session, received: Sequence[Received[SubscriptionRenewed]]) -> None:
    """Periods that were paid."""
    await event_deps.business_events(session).record(received)


@task_many(SubscriptionStarted)
async def count_subscription_started(session: Session, received: Sequence[Received[SubscriptionStarted]]) -> None:
    """New subscriptions."""
    await event_deps.business_events(session).record(received)


@task_many(TripBooked)
async def count_trip_booked(session: Session, received: Sequence[Received[TripBooked]]) -> None:
    """Trips that were asked for."""
    await event_deps.business_events(session).record(received)


@task_many(TripCompleted)
async def count_trip_completed(session: Session, received: Sequence[Received[TripCompleted]]) -> None:
    """Trips that arrived."""
    await event_deps.business_events(session).record(received)


@task_many(TripEndedEarly)
async def count_trip_ended_early(session: Session, received: Sequence[Received[TripEndedEarly]]) -> None:
    """Trips that did not."""
    await event_deps.business_events(session).record(received)
