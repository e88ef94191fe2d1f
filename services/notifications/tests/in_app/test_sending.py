"""notifications.send_in_app: what comes into an inbox, what does not, and that every message is accounted for."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.notifications.in_app.doorbell import CHANNEL
from services.notifications.in_app.models import InAppItem
from services.notifications.in_app.repository import InboxReader
from services.notifications.tests.deliveries.arrange import ALERT, delivery, know_person
from services.notifications.tests.in_app.arrange import DRIVER, TRIP, publish_push, told
from shared.contracts.notifications import CancelMessages, DeliveriesEnded, DeliveryFinished
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner, assert_published, published

OURS, THEIRS = UUID(int=5), UUID(int=6)
LINK: Final = "https://app.example.com/trips/2041"


async def inbox(session: Session, person: str = DRIVER) -> list[InAppItem]:
    """What stands in a person's inbox, the oldest first."""
    session.expunge_all()
    return list(await InboxReader(session).changed_after(person, 0, 100))


async def test_item_is_rendered_for_its_reader_and_the_delivery_is_sent(run_task: TaskRunner, session: Session) -> None:
    await publish_push(session)
    await publish_push(session, "यात्रा {{ number }}", "{{ recipient_name }}", name="moved", locale="hi")
    await know_person(session, DRIVER, locale="hi-IN", organization_id=OURS)
    handled = await run_task(told(context={"number": "T-2041", "link": LINK}, subject_key=TRIP, requester=ALERT))

    (item,) = await inbox(session)
    sent = await delivery(session, handled.id)
    assert (item.title, item.body, item.link, item.category) == ("यात्रा T-2041", "Asha Rao", LINK, "trips")
    assert (item.organization_id, item.subject_key, item.delivery_id) == (OURS, TRIP, handled.id)
    assert (handled.outcome, sent.status, sent.channel, sent.to_person, sent.subject) == (
        *("done", "sent", "in_app", DRIVER),
        "यात्रा T-2041",
    )
    await assert_published(session, DeliveryFinished, delivery_id=handled.id, status="sent")
    (ended,) = (await assert_published(session, DeliveriesEnded)).ended
    assert (ended.organization_id, ended.channel, ended.status, ended.count) == (OURS, "in_app", "sent", 1)


async def test_language_of_the_message_counts_however_it_is_spelled(run_task: TaskRunner, session: Session) -> None:
    await publish_push(session, "{{ owed | money }} owed")
    await know_person(session, DRIVER)
    await run_task(told(locale="en_in", context={"owed": {"amount_minor": 12345600, "currency": "INR"}}))

    (item,) = await inbox(session)
    assert item.title == "₹1,23,456.00 owed"


async def test_same_message_twice_is_one_item(run_task: TaskRunner, session: Session) -> None:
    await publish_push(session)
    await know_person(session, DRIVER)
    key = uuid7()
    for redelivered in (False, False, True):
        await run_task.run([told(requester=ALERT)], ids=[key], redelivered=redelivered)

    assert len(await inbox(session)) == 1
    assert len(await published(session, DeliveryFinished)) == 1


async def test_batch_is_put_in_its_order_and_told_of_by_one_hint(run_task: TaskRunner, session: Session, redis: Redis) -> None:
    await publish_push(session)
    await know_person(session, DRIVER)
    await know_person(session, "trips.driver:8")
    messages = [told(context={"number": str(number)}) for number in range(3)] + [told(to_person="trips.driver:8")]
    async with redis.pubsub(ignore_subscribe_messages=True) as hints:
        await hints.subscribe(CHANNEL)
        await run_task.run(messages)
        heard = [await hints.get_message(timeout=1.0) for _ in range(2)]

    assert [item.title for item in await inbox(session)] == ["Trip 0 moved", "Trip 1 moved", "Trip 2 moved"]
    assert [one["data"] for one in heard if one is not None and one["data"]] == [b"in_app\ntrips.driver:7\ntrips.driver:8"]


BAD: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"to_person": "trips.driver:9"}, "bad_recipient", "nobody is known by the reference"),
    ({"organization_id": THEIRS}, "bad_recipient", "nobody is known by the reference"),
    ({"template_name": "nowhere"}, "bad_content", "no version of the template nowhere is published"),
    ({"context": {}}, "bad_content", "the push title, line 1: 'number' is undefined"),
]


@pytest.mark.parametrize(("change", "reason", "why"), BAD)
async def test_what_cannot_be_put_fails_and_keeps_no_other_back(
    run_task: TaskRunner, session: Session, change: dict[str, Any], reason: str, why: str
) -> None:
    await publish_push(session)
    await know_person(session, DRIVER, organization_id=OURS)
    bad, good = await run_task.run([told(**change, requester=ALERT), told()])

    failed = await delivery(session, bad.id)
    assert (bad.outcome, failed.status, failed.reason, good.outcome) == ("dead", "failed", reason, "done")
    assert why in (failed.error or "")
    assert len(await inbox(session)) == 1
    await assert_published(session, DeliveryFinished, delivery_id=bad.id, status="failed")


async def test_what_is_cancelled_or_stale_is_dropped_and_says_why(run_task: TaskRunner, session: Session) -> None:
    await publish_push(session)
    await know_person(session, DRIVER)
    moment = system_clock()
    await run_task(CancelMessages(subject_key=TRIP, reason="it was given to another"), occurred_at=moment)
    cancelled = await run_task(told(subject_key=TRIP), occurred_at=moment - timedelta(minutes=1))
    stale = await run_task(told(valid_until=MONDAY_MORNING - timedelta(minutes=1)))
    anew = await run_task(told(subject_key=TRIP), occurred_at=moment + timedelta(minutes=1))

    found = [await delivery(session, one.id) for one in (cancelled, stale, anew)]
    assert [(one.status, one.reason) for one in found] == [("dropped", "cancelled"), ("dropped", "stale"), ("sent", None)]
    assert found[0].error == "cancelled: it was given to another"
    assert [item.delivery_id for item in await inbox(session)] == [anew.id]


@pytest.mark.parametrize(
    ("link", "kept"),
    [(LINK, LINK), ("javascript:alert(1)", None), (7, None), ("https://a.example.com/" + "a" * 500, None)],
)
async def test_link_is_one_that_a_browser_may_follow(run_task: TaskRunner, session: Session, link: Any, kept: str | None) -> None:
    await publish_push(session)
    await know_person(session, DRIVER)
    await run_task(told(context={"number": "1", "link": link}))

    assert [item.link for item in await inbox(session)] == [kept]


async def test_declined_category_is_skipped_with_its_reason(run_task: TaskRunner, session: Session) -> None:
    await publish_push(session)
    await know_person(session, DRIVER)
    for statement in (
        "INSERT INTO preference_sheets (person, revision, updated_at) VALUES (:person, 1, now())",
        "INSERT INTO preferences VALUES (:person, 'reminders', 'in_app', 'off', now())",
    ):
        await session.execute(text(statement), {"person": DRIVER})
    declined, other = await run_task.run([told(category="reminders"), told()])

    found = await delivery(session, declined.id)
    assert (declined.outcome, found.status, found.reason, other.outcome) == ("dropped", "dropped", "declined", "done")
    assert [event.kind for event in found.events] == ["skipped"]
