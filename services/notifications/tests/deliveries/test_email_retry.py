"""`notifications.retry_failed_emails`: what an outage has killed goes out once mail goes out again, each once."""

from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.tests.callbacks.arrange import own_account
from services.notifications.tests.deliveries.arrange import ALERT, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import DeliveryFinished, RetryFailedEmails, SendEmail
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.messages import TaskRunner, assert_published

ONCE = RetryPolicy(max_retries=0)
OURS = UUID(int=5)
pytestmark = pytest.mark.usefixtures("settings_of_the_process")

_LOST = text("""
    INSERT INTO deliveries (id, channel, to_address, status, retries, attempts, asked_at, created_at, category, requester)
    VALUES (:id, 'email', 'ann@example.com', :status, 2, 3, now() - interval '2 days', now() - interval '2 days', 'general',
            :alert)
""")
_OPEN_ATTEMPT = text("INSERT INTO delivery_attempts (delivery_id, number, provider, started_at) VALUES (:id, 3, 'smtp', now())")


async def states_of(session: Session, ids: list[UUID]) -> list[str]:
    """What the inbox holds of each: dead, or waiting for its lane again."""
    rows = await session.execute(text("SELECT id, state FROM inbox WHERE id = ANY(:ids)"), {"ids": ids})
    names = {2: "waits", 3: "waits", 6: "dead"}
    found = {row.id: names.get(row.state, str(row.state)) for row in rows}
    return [found[one] for one in ids]


async def killed(run_task: TaskRunner, mail_server: MailServer, *messages: SendEmail, action: str = "451") -> list[UUID]:
    """Mails that have died of what the server does wrong, which it does no more."""
    await mail_server.faults({"action": action})
    handled = await run_task.run(messages)
    assert [one.outcome for one in handled] == ["dead"] * len(messages)
    await mail_server.faults()
    return [one.id for one in handled]


async def mail_goes_out(run_task: TaskRunner, session: Session) -> None:
    """A mail that was taken just now, by the database's clock."""
    sent = await run_task(email("new@example.com"))
    await session.execute(text("UPDATE deliveries SET created_at = now(), finished_at = now() WHERE id = :id"), {"id": sent.id})


async def test_sweep_that_comes_twice_sends_what_an_outage_has_killed_once(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    messages = [email(f"{number}@example.com", retry=ONCE) for number in range(3)]
    ids = await killed(run_task, mail_server, *messages)
    await mail_goes_out(run_task, session)
    for _ in range(2):
        assert (await run_task(RetryFailedEmails())).outcome == "done"
    waiting = await states_of(session, ids)
    for one in ids:
        await due_again(session, one)
    again = [await run_task(message, ids=[one]) for message, one in zip(messages, ids, strict=True)]

    assert (waiting, [one.outcome for one in again]) == (["waits"] * 3, ["done"] * 3)
    assert [(await delivery(session, one)).status for one in ids] == ["sent"] * 3
    assert len(await mail_server.mails()) == 4


async def test_while_nothing_shows_that_mail_goes_out_one_goes_ahead(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    ids = await killed(run_task, mail_server, email("a@example.com", retry=ONCE), email("b@example.com", retry=ONCE))
    await run_task(RetryFailedEmails())

    assert sorted(await states_of(session, ids)) == ["dead", "waits"]


async def test_mails_wait_for_the_account_by_which_they_would_go_out(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await own_account(session, "acme")
    usual = await killed(run_task, mail_server, email("a@example.com", retry=ONCE), email("b@example.com", retry=ONCE))
    theirs = [email(f"{name}@example.com", retry=ONCE, organization_id=OURS) for name in "cd"]
    own = await killed(run_task, mail_server, *theirs)
    await session.execute(
        text(
            "INSERT INTO provider_routes (organization_id, channel, accounts, updated_at) VALUES (:id, 'email', '{acme}', now())"
        ),
        {"id": OURS},
    )
    await mail_goes_out(run_task, session)
    await run_task(RetryFailedEmails())

    # Mail goes out by the installation's account, which says nothing of the organization's own: one goes ahead.
    assert (await states_of(session, usual), sorted(await states_of(session, own))) == (["waits"] * 2, ["dead", "waits"])


async def test_mails_that_died_waiting_for_a_document_follow_the_one_that_finds_it(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    messages = [email(f"{name}@example.com", retry=ONCE) for name in "abc"]
    ids = await killed(run_task, mail_server, *messages)
    await session.execute(text("UPDATE dead_letters SET reason = 'document'"))
    await mail_goes_out(run_task, session)
    await run_task(RetryFailedEmails())
    ahead = await states_of(session, ids)
    first = ids[ahead.index("waits")]
    await due_again(session, first)
    await run_task(messages[ids.index(first)], ids=[first])
    await session.execute(text("UPDATE deliveries SET created_at = now(), finished_at = now() WHERE id = :id"), {"id": first})
    await run_task(RetryFailedEmails())

    assert sorted(ahead) == ["dead", "dead", "waits"]
    assert sorted(await states_of(session, [one for one in ids if one != first])) == ["waits", "waits"]


async def test_what_dies_again_is_left_to_people(run_task: TaskRunner, session: Session, mail_server: MailServer) -> None:
    message = email(retry=ONCE)
    ids = await killed(run_task, mail_server, message)
    await run_task(RetryFailedEmails())
    await mail_server.faults({"action": "451"})
    assert (await run_task(message, ids=ids)).outcome == "dead"
    await mail_server.faults()
    await run_task(RetryFailedEmails())

    assert await states_of(session, ids) == ["dead"]


async def test_what_its_recipient_or_its_content_has_killed_is_left_alone(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    refused = await killed(run_task, mail_server, email("nobody@example.com"), action="550")
    unknown = await killed(run_task, mail_server, email(retry=ONCE), action="disconnect_after_data")
    await run_task(RetryFailedEmails())

    assert await states_of(session, refused + unknown) == ["dead", "dead"]


@pytest.mark.parametrize("status", ["queued", "sending"])
async def test_delivery_whose_message_nobody_holds_ends_as_failed_and_is_told(
    run_task: TaskRunner, session: Session, status: str
) -> None:
    key = uuid7()
    await session.execute(_LOST, {"id": key, "status": status, "alert": ALERT})
    if status == "sending":
        await session.execute(_OPEN_ATTEMPT, {"id": key})
    await run_task(RetryFailedEmails())

    found = await delivery(session, key)
    assert (found.status, found.error) == ("failed", "its message is gone: neither the outbox nor the inbox has it")
    await assert_published(session, DeliveryFinished, delivery_id=key, requester=ALERT, status="failed", retries=2)
