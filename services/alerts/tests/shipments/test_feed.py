"""alerts.upsert_shipments: what somebody outside tells of shipments."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import text

from services.alerts.tests.arrange import ETA, OURS, THEIRS, alerts, evaluate, have, line, rows
from shared.contracts.alerts import ShipmentNews, ShipmentsReceived, UpsertShipments
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_published

SHIPMENTS = "SELECT reference, current_eta, eta_revision, status, version, changed_by FROM shipments ORDER BY reference"


def news(reference: str = "MAEU1", hour: int = 6, **told: Any) -> ShipmentNews:
    """Of the usual shipment, told at that hour."""
    usual = {
        "told_at": datetime(2026, 3, 2, hour, tzinfo=UTC),
        "current_eta": ETA,
        "status": "in_transit",
        "customer": "Nordlicht Handels GmbH",
        "carrier": "Maersk",
        "origin": "CNSHA",
        "destination": "DEHAM",
    }
    return ShipmentNews.model_validate({"reference": reference} | usual | told)


def told(*shipments: ShipmentNews, **fields: Any) -> UpsertShipments:
    """By the carrier, of our organization's shipments."""
    return UpsertShipments.model_validate(
        {"organization_id": OURS, "source": "carrier", "recipients": ("customs@example.com",), "shipments": shipments} | fields
    )


def counts(**named: int) -> dict[str, int]:
    """An answer in which all but these is nothing."""
    return {"created": 0, "changed": 0, "unchanged": 0, "outdated": 0, "refused": 0} | named


async def test_news_that_come_twice_are_written_once(session: Session, run_task: TaskRunner) -> None:
    message, key = told(news("A1"), news("B2", status="delivered")), uuid7()

    first = await run_task(message, ids=[key])
    again = await run_task(message, ids=[key])
    once_more = await run_task(message)

    assert (first.result, again.result, once_more.result) == (counts(created=2), counts(created=2), counts(outdated=2))
    assert await rows(session, SHIPMENTS) == [
        ("A1", ETA, 1, "in_transit", 1, "source:carrier"),
        ("B2", ETA, 1, "delivered", 1, "source:carrier"),
    ]
    assert await rows(session, "SELECT recipients, mode FROM shipments WHERE reference = 'A1'") == [
        (["customs@example.com"], None)
    ]
    await assert_published(session, ShipmentsReceived, organization_id=OURS, created=2, changed=0)


async def test_news_of_known_shipments_need_nobody_to_tell_and_a_new_one_among_them_says_so(
    session: Session, run_task: TaskRunner
) -> None:
    await run_task(told(news("A1")))
    later = news("A1", hour=7, current_eta=date(2026, 3, 6))

    alone = await run_task(told(later, recipients=()))
    both = await run_task(told(news("A1", hour=8, status="arrived"), news("B2"), recipients=()))

    assert alone.result == counts(changed=1)
    assert (both.outcome, both.error_class) == ("dead", "NobodyToTell")
    assert both.error == "new are B2, and `recipients` names nobody who is told of their alerts"
    assert [(row[0], row[1], row[3]) for row in await rows(session, SHIPMENTS)] == [("A1", date(2026, 3, 6), "in_transit")]


async def test_later_eta_resolves_the_alert_of_the_one_before_and_is_evaluated_anew(
    session: Session, run_task: TaskRunner
) -> None:
    await have(session, line())
    await evaluate(session, date(2026, 3, 5))

    moved = await run_task(told(news(current_eta=date(2026, 3, 6))))
    await evaluate(session, date(2026, 3, 9))

    assert moved.result == counts(changed=1)
    assert await rows(session, "SELECT status, eta_revision, severity FROM alerts ORDER BY id") == [
        ("resolved", 1, "warning"),
        ("open", 2, "warning"),
    ]
    assert [row[4] for row in await alerts(session)] == [1, 2]
    assert await rows(session, "SELECT told_by FROM eta_revisions ORDER BY revision") == [
        ("system:import",),
        ("source:carrier",),
    ]


async def test_older_news_move_nothing_back_in_whatever_order_they_come(session: Session, run_task: TaskRunner) -> None:
    await run_task(told(news(hour=8, current_eta=date(2026, 3, 9), status="arrived")))
    late = await run_task(told(news(hour=7, current_eta=date(2026, 3, 4))))
    same_moment = await run_task(told(news(hour=8, current_eta=date(2026, 3, 4))))
    within = await run_task(told(news(hour=10, current_eta=date(2026, 3, 11), status="arrived"), news(hour=9)))

    assert (late.result, same_moment.result, within.result) == (counts(outdated=1), counts(outdated=1), counts(changed=1))
    assert await rows(session, SHIPMENTS) == [("MAEU1", date(2026, 3, 11), 2, "arrived", 2, "source:carrier")]


async def test_what_somebody_has_changed_since_stays_until_something_newer_is_told(
    session: Session, run_task: TaskRunner
) -> None:
    await have(session, line())
    await have(session, line(current_eta="2026-03-20"))
    ((changed_at,),) = await rows(session, "SELECT told_at FROM shipments")

    before = await run_task(told(news(hour=6)))
    after = await run_task(told(news(told_at=changed_at.replace(year=changed_at.year + 1), current_eta=date(2026, 3, 22))))

    assert (before.result, after.result) == (counts(outdated=1), counts(changed=1))
    assert await rows(session, "SELECT current_eta, customer, recipients FROM shipments") == [
        (date(2026, 3, 22), "Nordlicht Handels GmbH", ["customs@example.com"])
    ]


async def test_first_news_of_an_imported_shipment_count_and_what_is_the_same_is_only_dated(
    session: Session, run_task: TaskRunner
) -> None:
    await have(session, line())
    await session.execute(text("DELETE FROM due_evaluations"))

    same = await run_task(told(news(hour=9, carrier="MAEU", customer="Somebody else")))

    assert same.result == counts(unchanged=1)
    assert await rows(session, "SELECT version, carrier, customer, told_at FROM shipments") == [
        (1, "Maersk", "Nordlicht Handels GmbH", datetime(2026, 3, 2, 9, tzinfo=UTC))
    ]
    assert await rows(session, "SELECT * FROM due_evaluations") == []


async def test_status_that_cannot_follow_is_refused_and_others_are_written(session: Session, run_task: TaskRunner) -> None:
    await have(session, line(reference="A1", status="delivered"), line(reference="B2"))
    await have(session, line(reference="A1"), organization_id=THEIRS)

    answer = await run_task(told(news("A1"), news("B2", status="customs_hold")))

    assert answer.result == counts(changed=1, refused=1)
    assert [row[:4] for row in await rows(session, SHIPMENTS)] == [
        ("A1", ETA, 1, "delivered"),
        ("A1", ETA, 1, "in_transit"),
        ("B2", ETA, 1, "customs_hold"),
    ]
    await assert_published(session, ShipmentsReceived, organization_id=OURS, created=0, changed=1)
