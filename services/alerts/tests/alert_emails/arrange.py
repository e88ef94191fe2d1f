"""Alerts whose e-mails are asked for, and what notifications says of them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.alerts.tests.arrange import ETA, evaluate, have, rows
from shared.contracts.notifications import DeliveryFinished
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

AT: Final = datetime(2026, 3, 5, 8, 0, 2, tzinfo=UTC)


async def raise_alerts(session: Session, *lines: str, late: int) -> list[UUID]:
    """The alerts of these shipments, so many days after the usual ETA."""
    await have(session, *lines)
    await evaluate(session, ETA + timedelta(days=late))
    return [row[0] for row in await rows(session, "SELECT id FROM alerts ORDER BY id")]


async def mirrored(session: ReadSession) -> list[tuple[Any, ...]]:
    """What the alerts say of their e-mails: sent, when, retries, error."""
    query = "SELECT email_sent, email_sent_at, email_retry_count, email_error FROM alerts ORDER BY id"
    return list(await rows(session, query))


async def emails(session: ReadSession) -> list[tuple[Any, ...]]:
    """(id, recipient, kind, status) of all mails, in the order of being asked for."""
    return list(await rows(session, "SELECT id, recipient, kind, status FROM alert_emails ORDER BY id"))


async def happenings(session: ReadSession, alert_id: UUID) -> list[str]:
    """The kinds of an alert's timeline."""
    found = await rows(session, "SELECT kind FROM alert_timeline WHERE alert_id = :id ORDER BY number", id=alert_id)
    return [row[0] for row in found]


def report(requester: str, status: str, **facts: Any) -> DeliveryFinished:
    """What notifications says of a delivery."""
    told = {"delivery_id": uuid7(), "requester": requester, "status": status, "retries": 0, "finished_at": AT} | facts
    return DeliveryFinished.model_validate(told)
