"""`notifications.delivery_delayed`: whoever asked hears of every try that counts, and of a server that is away once."""

from typing import Final

import pytest

from services.notifications.tests.deliveries.arrange import ALERT, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import DeliveryDelayed, DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of, published

LOCAL_ERROR: Final = "451 4.3.0 Local error in processing, try again later"


async def delays(session: Session) -> list[tuple[int, str]]:
    """Retries and error of each event, in their order."""
    return [(one.retries, one.error) for one in await published(session, DeliveryDelayed)]


async def test_every_try_that_counts_is_told_though_it_fails_in_the_same_words(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "451"})
    for _ in range(3):
        await run_task(email(), ids=[message_id])
        await due_again(session, message_id)

    assert await delays(session) == [(0, LOCAL_ERROR), (1, LOCAL_ERROR), (2, LOCAL_ERROR)]
    await assert_published(
        session, DeliveryDelayed, delivery_id=message_id, requester=ALERT, retries=2, failed_at=clock(), error=LOCAL_ERROR
    )
    await assert_nothing_published(session, DeliveryFinished)

    await run_task(email(), ids=[message_id])
    await assert_published(session, DeliveryFinished, status="failed", retries=3)
    assert len(await delays(session)) == 3


async def test_failed_try_that_comes_twice_is_told_once(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    message_id = uuid7()
    await mail_server.faults({"action": "451"})
    first = await run_task(email(), ids=[message_id])
    again = await run_task(email(), ids=[message_id], redelivered=True)

    assert (first.carried_out, again.carried_out) == (True, False)
    await assert_published(session, DeliveryDelayed, retries=0)


async def test_server_that_goes_on_refusing_is_told_once_and_another_reason_again(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    message_id = uuid7()
    for code in ["421", "421", "421", "451", "421", "421"]:
        await mail_server.faults({"action": code})
        await run_task(email(), ids=[message_id])
        await due_again(session, message_id)

    told = await delays(session)
    assert [(retries, error[:3]) for retries, error in told] == [(0, "421"), (0, "451"), (1, "421")]


@pytest.mark.parametrize("requester", ["payments.invoice:1", None])
async def test_nobody_is_told_who_has_not_asked_or_does_not_listen(
    run_task: TaskRunner, session: Session, mail_server: MailServer, requester: str | None
) -> None:
    await mail_server.faults({"action": "451"})
    await run_task(email(requester=requester))

    await assert_nothing_published(session)


async def test_event_goes_to_the_service_that_asked(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    await mail_server.faults({"action": "451"})
    await run_task(email())

    assert [(one.name, one.lanes) for one in await outbox_of(session)] == [
        ("notifications.delivery_delayed", ("alerts.default",))
    ]
