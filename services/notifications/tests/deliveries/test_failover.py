"""A message that one account cannot carry goes by another, over real sockets: a mail server and SendGrid's stand-in."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_URGENT
from shared.contracts.notifications import DeliveryFinished, SendUrgentEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published


@pytest.fixture
def settings(request: pytest.FixtureRequest, settings: NotificationsSettings) -> NotificationsSettings:
    """SMTP first, SendGrid where it fails; and what a test adds."""
    added = getattr(request, "param", {})
    return settings.model_copy(update={"email_fallback_providers": ("sendgrid",), **added})


async def accounts_of(session: Session, message_id: UUID) -> list[tuple[str, str | None]]:
    return [(one.provider, one.outcome) for one in (await delivery(session, message_id)).timeline]


async def test_urgent_mail_goes_by_the_next_account_as_soon_as_one_has_failed_it(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "451"})
    message_id = uuid7()
    first = await run_task(email(), ids=[message_id], lane=NOTIFICATIONS_URGENT)
    second = await run_task(email(), ids=[message_id], lane=NOTIFICATIONS_URGENT)

    found = await delivery(session, message_id)
    assert (first.outcome, second.outcome, found.status, found.provider, found.retries) == (
        "retry",
        "done",
        "sent",
        "sendgrid",
        0,
    )
    assert await accounts_of(session, message_id) == [("smtp", "transient"), ("sendgrid", "accepted")]
    assert found.timeline[1].provider_message_id is not None
    assert (await mail_server.newest())["Subject"] == "Late"


async def test_urgent_mail_of_unknown_fate_goes_by_the_next_account(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "disconnect_after_data"})
    message, message_id = SendUrgentEmail(to_email="ann@example.com", subject="Late", body="3 days."), uuid7()
    await run_task(message, ids=[message_id])
    await run_task(message, ids=[message_id])

    assert await accounts_of(session, message_id) == [("smtp", "unknown"), ("sendgrid", "accepted")]


async def test_other_mail_goes_by_the_next_account_after_its_last_retry(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "451"})
    message_id, message = uuid7(), email(retry=RetryPolicy(max_retries=1))
    outcomes = []
    for _ in range(3):
        outcomes.append((await run_task(message, ids=[message_id])).outcome)
        await due_again(session, message_id)

    assert outcomes == ["retry", "retry", "done"]
    assert await accounts_of(session, message_id) == [("smtp", "transient"), ("smtp", "transient"), ("sendgrid", "accepted")]
    await assert_published(session, DeliveryFinished, status="sent", retries=1)


async def test_mail_that_every_account_fails_is_given_up_after_each_had_its_try(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "451"})
    await mail_server.faults({"action": "status", "status": 503}, provider="sendgrid")
    message_id, message = uuid7(), email(retry=RetryPolicy(max_retries=0))
    first = await run_task(message, ids=[message_id])
    await assert_nothing_published(session, DeliveryFinished)
    second = await run_task(message, ids=[message_id])

    assert (first.outcome, second.outcome) == ("retry", "dead")
    assert [account for account, _ in await accounts_of(session, message_id)] == ["smtp", "sendgrid"]
    await assert_published(session, DeliveryFinished, status="failed")


async def test_unknown_fate_of_a_mail_that_can_wait_does_not_fail_over(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "disconnect_after_data", "times": 1})
    message_id = uuid7()
    await run_task(email(), ids=[message_id])
    await due_again(session, message_id)
    await run_task(email(), ids=[message_id])

    assert await accounts_of(session, message_id) == [("smtp", "unknown"), ("smtp", "accepted")]


async def test_unknown_fate_is_heeded_when_another_refusal_has_come_since(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await mail_server.faults({"action": "disconnect_after_data", "times": 1})
    message_id, message = uuid7(), email(retry=RetryPolicy(max_retries=1))
    first = await run_task(message, ids=[message_id])
    await mail_server.faults({"action": "451"})
    await due_again(session, message_id)
    second = await run_task(message, ids=[message_id])

    assert (first.outcome, second.outcome) == ("retry", "dead")
    assert await accounts_of(session, message_id) == [("smtp", "unknown"), ("smtp", "transient")]
    await assert_published(session, DeliveryFinished, status="failed")


# Nobody listens there.
@pytest.mark.parametrize("settings", [{"smtp_port": 1}], indirect=True)
async def test_closed_account_is_passed_over_by_urgent_mail_and_waited_for_by_the_rest(
    run_task: TaskRunner, session: Session, clock: FrozenClock
) -> None:
    met = await run_task(email())
    urgent = await run_task(email(), lane=NOTIFICATIONS_URGENT)
    waiting = await run_task(email())
    clock.advance(timedelta(minutes=1))

    assert [one.outcome for one in (met, urgent, waiting)] == ["retry", "done", "retry"]
    assert await accounts_of(session, urgent.id) == [("sendgrid", "accepted")]
    assert await accounts_of(session, waiting.id) == []
    assert (await delivery(session, waiting.id)).reason == "provider_closed"


# The server offers no TLS.
@pytest.mark.parametrize("settings", [{"smtp_tls": "starttls"}], indirect=True)
async def test_account_that_refuses_us_is_passed_over_at_once(run_task: TaskRunner, session: Session) -> None:
    message_id = uuid7()
    await run_task(email(), ids=[message_id])
    await run_task(email(), ids=[message_id])
    next_one = await run_task(email())

    assert await accounts_of(session, message_id) == [("smtp", "config"), ("sendgrid", "accepted")]
    assert await accounts_of(session, next_one.id) == [("sendgrid", "accepted")]
