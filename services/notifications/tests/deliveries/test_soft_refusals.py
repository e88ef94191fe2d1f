"""Recipients that ask for patience: nobody else waits for them, and what counts against them is a message that was given up, and
not each time that they asked."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.notifications.settings import NotificationsSettings
from services.notifications.suppressions.service import Suppressing
from services.notifications.tests.callbacks.arrange import ANN, HASHER, OURS, listed
from services.notifications.tests.deliveries.arrange import delivery, due_again, email
from services.notifications.tests.scripted_server import ScriptedServer
from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.runtime.outside.circuits import closed_key
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner


@pytest.fixture
def settings(settings: NotificationsSettings, script: ScriptedServer) -> NotificationsSettings:
    return settings.model_copy(update={"smtp_port": script.port})


async def give_up(run_task: TaskRunner, script: ScriptedServer, times: int) -> None:
    """Mails to a full mailbox that are not tried again."""
    for _ in range(times):
        script.say("RCPT", "452 4.2.2 mailbox full")
        handled = await run_task(email(ANN, organization_id=OURS, retry=RetryPolicy(max_retries=0)))
        assert handled.outcome == "dead"


async def bounces(session: Session) -> int | None:
    count: int | None = await session.scalar(text("SELECT count(*) FROM soft_bounces"))
    return count


@pytest.mark.parametrize("reply", ["451 4.7.1 Greylisted, try again in 300 seconds", "452 4.2.2 mailbox full"])
async def test_address_that_takes_each_mail_at_its_second_try_is_written_to_for_ever(
    run_task: TaskRunner, session: Session, script: ScriptedServer, reply: str
) -> None:
    message, ids = email(ANN, organization_id=OURS), [uuid7() for _ in range(6)]
    script.say("RCPT", *[reply] * len(ids))
    first = await run_task.run([message] * len(ids), ids=ids)
    for key in ids:
        await due_again(session, key)
    second = await run_task.run([message] * len(ids), ids=ids)

    assert ({one.outcome for one in first}, {one.outcome for one in second}) == ({"retry"}, {"done"})
    assert {(await delivery(session, key)).status for key in ids} == {"sent"}
    assert (await bounces(session), await listed(session)) == (0, [])


async def test_full_mailbox_is_waited_for_though_the_server_was_in_trouble_before(
    run_task: TaskRunner, session: Session, script: ScriptedServer
) -> None:
    message, key = email(ANN, organization_id=OURS), uuid7()
    script.say("RCPT", "451 4.3.0 local error", "451 4.3.0 local error", "452 4.2.2 mailbox full")
    outcomes = []
    for _ in range(4):
        outcomes.append((await run_task(message, ids=[key])).outcome)
        await due_again(session, key)

    found = await delivery(session, key)
    assert outcomes == ["retry", "retry", "retry", "done"]
    assert [one.outcome for one in found.timeline] == ["transient", "transient", "soft_recipient", "accepted"]


async def test_fifth_mail_that_is_given_up_suppresses_the_address(
    run_task: TaskRunner, session: Session, script: ScriptedServer
) -> None:
    await give_up(run_task, script, 4)
    four = await listed(session)
    await give_up(run_task, script, 1)

    assert four == []
    assert [entry[0] for entry in await listed(session)] == ["soft_bounces"]


async def test_mail_that_a_server_without_reports_takes_starts_the_count_anew_unless_it_comes_back(
    run_task: TaskRunner, session: Session, script: ScriptedServer, clock: FrozenClock
) -> None:
    suppressing = Suppressing(session, HASHER, clock)
    await give_up(run_task, script, 4)
    clock.advance(timedelta(hours=1))
    taken = await run_task(email(ANN, organization_id=OURS))
    await suppressing.arrived([HASHER.hash("email", ANN)])
    at_once = await bounces(session)
    clock.advance(timedelta(hours=2))
    await session.execute(text("UPDATE deliveries SET receipt = 'bounced_soft' WHERE id = :id"), {"id": taken.id})
    await suppressing.arrived([HASHER.hash("email", ANN)])
    come_back = await bounces(session)
    await session.execute(text("UPDATE deliveries SET receipt = NULL WHERE id = :id"), {"id": taken.id})
    await give_up(run_task, script, 1)

    assert (taken.outcome, at_once, come_back) == ("done", 4, 4)
    assert (await bounces(session), await listed(session)) == (1, [])


@pytest.mark.parametrize(("reply", "closed"), [("450 4.2.1 mailbox busy", 0), ("451 4.3.0 local error", 1)])
async def test_recipients_that_are_busy_close_no_account_for_others_and_a_server_in_trouble_does(
    run_task: TaskRunner, script: ScriptedServer, redis: Redis, reply: str, closed: int
) -> None:
    script.say("RCPT", *[reply] * 12)
    busy = await run_task.run([email(f"{number}@busy.example") for number in range(12)])

    assert {one.outcome for one in busy} == {"retry"}
    assert await redis.zcard(closed_key("notifications")) == closed
