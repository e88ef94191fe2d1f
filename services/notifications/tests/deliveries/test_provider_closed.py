"""A provider that takes no mail, and batches that run out of time: waiting costs no tries and fills no timeline."""

from datetime import time, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.email import sendgrid
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyRepository
from services.notifications.preferences.models import EVERY_DAY, QuietHours
from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import attempts_of, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import DeliveryDelayed, DeliveryFinished
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, published
from shared.testing.wait import eventually

OURS: Final = UUID(int=5)


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: NotificationsSettings) -> NotificationsSettings:
    """One connection and a small budget, so that what is in a batch comes to its turn one by one; and what a test adds."""
    return settings.model_copy(update={"smtp_pool_size": 1, "time_factor": 0.05, **getattr(request, "param", {})})


# The server has no TLS to offer.
@pytest.mark.parametrize("settings", [{"smtp_tls": "starttls"}], indirect=True)
async def test_server_that_does_not_fit_our_settings_is_met_once_and_the_rest_waits_without_attempts(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    batch = await run_task.run([email(), email(), email()])
    later = await run_task(email())

    found = [await delivery(session, one.id) for one in [*batch, later]]
    assert [one.outcome for one in [*batch, later]] == ["retry"] * 4
    assert [attempts_of(one) for one in found] == [[(1, "config", None, None)], [], [], []]
    assert [(one.status, one.retries) for one in found] == [("queued", 0)] * 4
    assert await session.scalar(text("SELECT max(attempt) FROM inbox")) == 0
    assert await mail_server.mails() == []
    await assert_nothing_published(session, DeliveryFinished)


async def test_mail_that_a_batch_did_not_reach_has_one_attempt_in_the_end(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "delay", "seconds": 0.7, "times": 3})
    messages = [email(f"{number}@example.com") for number in range(4)]
    first = await run_task.run(messages)
    waiting = [one for one in first if one.outcome == "retry"]
    left = [await delivery(session, one.id) for one in waiting]
    assert [(one.status, one.attempts, one.timeline, one.error) for one in left] == [("queued", 0, [], None)] * len(left)
    await assert_nothing_published(session, DeliveryDelayed)
    await mail_server.faults()
    for one in waiting:
        await due_again(session, one.id)
    await run_task.run([messages[first.index(one)] for one in waiting], ids=[one.id for one in waiting])

    found = [await delivery(session, one.id) for one in first]
    assert waiting
    assert [attempts_of(one) for one in found] == [[(1, "accepted", 250, "2.0.0")]] * 4
    assert [(one.status, one.retries) for one in found] == [("sent", 0)] * 4
    assert len(await mail_server.mails()) == 4


@pytest.mark.parametrize("settings", [{"email_provider": "sendgrid"}], indirect=True)
async def test_mail_that_waited_for_our_own_connection_has_no_attempt_and_leaves_the_account_open(
    run_task: TaskRunner, session: Session, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sendgrid, "CONNECTIONS", 1)
    await mail_server.faults({"action": "timeout_after_accept", "seconds": 3}, provider="sendgrid")
    messages = [email("ann@example.com"), email("bob@example.com")]
    first = await run_task.run(messages)
    found = [await delivery(session, one.id) for one in first]
    await mail_server.faults(provider="sendgrid")
    [waiting] = [number for number, one in enumerate(found) if not one.timeline]
    await due_again(session, first[waiting].id)
    later = await run_task(messages[waiting], ids=[first[waiting].id])

    assert attempts_of(found[1 - waiting]) == [(1, "unknown", None, None)]
    left = found[waiting]
    assert (left.status, left.attempts, left.retries, left.error) == ("queued", 0, 0, None)
    assert later.outcome == "done"
    assert attempts_of(await delivery(session, later.id)) == [(1, "accepted", 202, None)]


@pytest.mark.parametrize("settings", [{"email_fallback_providers": ("sendgrid",), "time_factor": 1.0}], indirect=True)
async def test_mail_that_a_slow_server_has_no_room_for_goes_back_before_its_batch_runs_out_of_time(
    run_task: TaskRunner, session: Session, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notifications.email.smtp.LINE_S", 0.2)
    await mail_server.faults({"action": "delay", "seconds": 1.0, "times": 1})
    handled = await run_task.run([email(f"{number}@example.com") for number in range(4)])

    found = [await delivery(session, one.id) for one in handled]
    assert sorted(one.outcome for one in handled) == ["done", "retry", "retry", "retry"]
    assert sorted(len(one.timeline) for one in found) == [0, 0, 0, 1]
    assert len(await mail_server.mails()) == 1


# Nobody listens there.
@pytest.mark.parametrize("settings", [{"smtp_port": 1, "time_factor": 0.02}], indirect=True)
async def test_server_that_is_away_is_told_once_per_mail_and_not_each_time_that_it_is_met(
    run_task: TaskRunner, session: Session
) -> None:
    ids = [uuid7() for _ in range(3)]

    async def met_again(message_id: UUID, times: int) -> bool:
        await due_again(session, message_id)
        await run_task(email(), ids=[message_id])
        return len((await delivery(session, message_id)).timeline) > times

    for times in range(3):
        for message_id in ids:
            await eventually(partial(met_again, message_id, times), 10, "the provider did not open again")

    told = {
        message_id: [one.error for one in await published(session, DeliveryDelayed) if one.delivery_id == message_id]
        for message_id in ids
    }
    closed = "smtp takes no messages for now"
    [refused] = told[ids[0]]
    assert "Connect call failed" in refused
    # Whether the others come while the server is left alone, or when it is asked again, is the machine's affair.
    assert all(told[key] in ([refused], [closed, refused]) for key in ids[1:])
    assert [(await delivery(session, one)).error for one in ids] == [refused] * 3


async def test_day_of_waiting_begins_with_the_first_account_that_takes_nothing(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    await mail_server.faults({"action": "421"})
    message_id, outcomes = uuid7(), []
    # Asked for days ago: quiet hours, or a campaign that was paused, have held it back.
    asked_at = clock() - timedelta(days=3)
    for advance in (timedelta(), timedelta(hours=23), timedelta(hours=2)):
        clock.advance(advance)
        await due_again(session, message_id)
        outcomes.append((await run_task.run([email()], ids=[message_id], occurred_at=asked_at))[0])

    assert [one.outcome for one in outcomes] == ["retry", "retry", "dead"]
    assert str((await delivery(session, message_id)).error).startswith("given up after 24 hours: ")


async def test_quiet_hours_neither_count_as_waiting_for_an_account_nor_begin_it_anew(
    run_task: TaskRunner, session: Session, mail_server: MailServer, clock: FrozenClock
) -> None:
    await mail_server.faults({"action": "421"})
    night = QuietHours(time(22), time(7), EVERY_DAY)
    await PolicyRepository(session).put(Policy(organization_id=OURS, quiet=night), now=clock(), by="ann")
    clock.set(clock().replace(hour=9))
    message_id, stood = uuid7(), []
    # To 23:00, and to 7:00: fourteen hours. Then nine and two more.
    for hours in (0, 14, 8, 9, 2):
        clock.advance(timedelta(hours=hours))
        await due_again(session, message_id)
        outcome = (await run_task.run([email(organization_id=OURS)], ids=[message_id]))[0].outcome
        stood.append((outcome, (await delivery(session, message_id)).reason == "quiet_hours"))

    assert stood == [("retry", False), ("retry", True), ("retry", False), ("retry", False), ("dead", False)]


async def test_account_that_took_something_else_meanwhile_ends_the_waiting(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "421"})
    message_id = uuid7()
    await run_task(email(), ids=[message_id])
    waiting = await session.scalar(text("SELECT waits_since IS NOT NULL FROM deliveries"))
    await mail_server.faults()

    async def sent() -> bool:
        await due_again(session, message_id)
        return (await run_task(email(), ids=[message_id])).outcome == "done"

    await eventually(sent, 10, "the provider did not open again")
    assert (waiting, await session.scalar(text("SELECT waits_since FROM deliveries"))) == (True, None)
