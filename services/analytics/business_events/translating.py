"""What the services tell, as events that are counted. Each has an id that follows from what it is about, so that it counts once
under whatever message it is told, and a correction takes the place of what it corrects."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import orjson

from services.analytics.events.event_models import NOBODYS, NewEvent
from shared.contracts import alerts, notifications, payments, trips
from shared.contracts.message import Message
from shared.contracts.money import Money

_NAMESPACE: Final = UUID("0f3b5d1e-7c1a-5f43-9b0c-4a5d7e2f9c61")
Told = tuple[UUID, NewEvent]
"""Whose event it is, and the event."""


def translate(message: Message, message_id: UUID, sent_at: datetime) -> Iterator[Told]:
    """The events of a message. sent_at: when it happened where the message does not say so."""
    yield from _TRANSLATIONS[type(message)](message, message_id, sent_at)


def _one(
    name: str,
    about: str,
    organization_id: UUID | None,
    at: datetime,
    *,
    user: str | None = None,
    value: int | None = None,
    version: int = 1,
    **properties: Any,
) -> Told:
    said = {key: one for key, one in properties.items() if one is not None}
    return organization_id or NOBODYS, NewEvent(
        event_id=uuid5(_NAMESPACE, f"{name}/{about}"),
        name=name,
        occurred_at=at,
        user_id=user,
        value=value,
        properties=orjson.dumps(said).decode() if said else None,
        source=name.partition(".")[0],
        version=version,
    )


def _customer(customer_id: UUID | None) -> str | None:
    return f"payments.customer:{customer_id}" if customer_id is not None else None


def _amount(money: Money) -> dict[str, Any]:
    return {"value": money.amount_minor, "currency": money.currency}


def _order_placed(one: payments.OrderPlaced, _: UUID, __: datetime) -> Iterator[Told]:
    yield _one(
        one.contract.name,
        str(one.order_id),
        one.organization_id,
        one.placed_at,
        user=_customer(one.customer_id),
        lines=one.lines,
        order_id=str(one.order_id),
        **_amount(one.total),
    )


def _order_cancelled(one: payments.OrderCancelled, _: UUID, __: datetime) -> Iterator[Told]:
    about, user = str(one.order_id), _customer(one.customer_id)
    yield _one(one.contract.name, about, one.organization_id, one.cancelled_at, user=user, order_id=about, **_amount(one.total))


def _payment_captured(one: payments.PaymentCaptured, _: UUID, __: datetime) -> Iterator[Told]:
    yield _one(
        one.contract.name,
        f"{one.payment_id}/{one.captured_minor}",
        one.organization_id,
        one.captured_at,
        user=_customer(one.customer_id),
        gateway=one.gateway,
        payment_id=str(one.payment_id),
        **_amount(one.amount),
    )


def _payment_failed(one: payments.PaymentFailed, _: UUID, __: datetime) -> Iterator[Told]:
    yield _one(
        one.contract.name,
        f"{one.payment_id}/{one.tries}",
        one.organization_id,
        one.failed_at,
        user=_customer(one.customer_id),
        kind=one.kind,
        payment_id=str(one.payment_id),
        **_amount(one.amount),
    )


def _refund_made(one: payments.RefundMade, _: UUID, __: datetime) -> Iterator[Told]:
    yield _one(
        one.contract.name,
        f"{one.payment_id}/{one.refunded_minor}",
        one.organization_id,
        one.made_at,
        user=_customer(one.customer_id),
        payment_id=str(one.payment_id),
        **_amount(one.amount),
    )


def _invoice_issued(one: payments.InvoiceIssued, _: UUID, __: datetime) -> Iterator[Told]:
    about = str(one.invoice_id)
    yield _one(one.contract.name, about, one.organization_id, one.issued_at, invoice_id=about, **_amount(one.total))


def _subscription_started(one: payments.SubscriptionStarted, _: UUID, __: datetime) -> Iterator[Told]:
    about, user = str(one.subscription_id), _customer(one.customer_id)
    yield _one(one.contract.name, about, one.organization_id, one.started_at, user=user, on_trial=one.on_trial)


def _subscription_renewed(one: payments.SubscriptionRenewed, _: UUID, __: datetime) -> Iterator[Told]:
    about, user = f"{one.subscription_id}/{one.period_start}", _customer(one.customer_id)
    yield _one(one.contract.name, about, one.organization_id, one.paid_at, user=user, **_amount(one.total))


def _subscription_ended(one: payments.SubscriptionEnded, _: UUID, __: datetime) -> Iterator[Told]:
    about, user = str(one.subscription_id), _customer(one.customer_id)
    yield _one(one.contract.name, about, one.organization_id, one.ended_at, user=user, status=one.status)


def _trip_booked(one: trips.TripBooked, _: UUID, __: datetime) -> Iterator[Told]:
    about, user = str(one.trip_id), one.passenger
    yield _one(one.contract.name, about, one.organization_id, one.booked_at, user=user, mobility=one.mobility)


def _trip_completed(one: trips.TripCompleted, _: UUID, __: datetime) -> Iterator[Told]:
    yield _one(
        one.contract.name,
        str(one.trip_id),
        one.organization_id,
        one.completed_at,
        user=one.customer,
        version=one.entity_version,
        mobility=one.mobility,
        distance_m=one.distance_m,
        duration_s=one.duration_s,
        waiting_s=one.waiting_s,
    )


def _trip_ended_early(one: trips.TripEndedEarly, _: UUID, __: datetime) -> Iterator[Told]:
    yield _one(one.contract.name, str(one.trip_id), one.organization_id, one.ended_at, user=one.passenger, status=one.status)


def _alerts_raised(one: alerts.AlertsRaised, message_id: UUID, sent_at: datetime) -> Iterator[Told]:
    for number, raised in enumerate(one.organizations):
        for severity in ("info", "warning", "high", "critical"):
            if count := getattr(raised, severity):
                about = f"{message_id}/{number}/{severity}"
                yield _one(one.contract.name, about, raised.organization_id, sent_at, value=count, severity=severity)


def _shipments_received(one: alerts.ShipmentsReceived, message_id: UUID, sent_at: datetime) -> Iterator[Told]:
    for kind, count in (("created", one.created), ("changed", one.changed)):
        if count:
            yield _one(one.contract.name, f"{message_id}/{kind}", one.organization_id, sent_at, value=count, kind=kind)


def _deliveries_ended(one: notifications.DeliveriesEnded, message_id: UUID, _: datetime) -> Iterator[Told]:
    for number, ended in enumerate(one.ended):
        outcome = f"{ended.channel}/{ended.status}"
        about = f"{message_id}/{number}"
        yield _one(one.contract.name, about, ended.organization_id, one.ended_at, value=ended.count, outcome=outcome)


_TRANSLATIONS: Final[Mapping[type[Message], Callable[[Any, UUID, datetime], Iterator[Told]]]] = {
    alerts.AlertsRaised: _alerts_raised,
    alerts.ShipmentsReceived: _shipments_received,
    notifications.DeliveriesEnded: _deliveries_ended,
    payments.InvoiceIssued: _invoice_issued,
    payments.OrderCancelled: _order_cancelled,
    payments.OrderPlaced: _order_placed,
    payments.PaymentCaptured: _payment_captured,
    payments.PaymentFailed: _payment_failed,
    payments.RefundMade: _refund_made,
    payments.SubscriptionEnded: _subscription_ended,
    payments.SubscriptionRenewed: _subscription_renewed,
    payments.SubscriptionStarted: _subscription_started,
    trips.TripBooked: _trip_booked,
    trips.TripCompleted: _trip_completed,
    trips.TripEndedEarly: _trip_ended_early,
}
