"""A provider that answers 429 for an hour: nothing is lost, nothing waits in a worker, and what follows comes slowly at first."""

import time
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.notifications.settings import NotificationsSettings
from services.notifications.tests.deliveries.arrange import attempts_of, delivery, due_again, email
from services.notifications.tests.mail_server import MailServer
from shared.runtime.db import Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner
from shared.testing.wait import eventually

WINDOW: Final = timedelta(minutes=10)
CIRCUIT: Final = "providers:notifications:circuit:sendgrid"
PACE: Final = "providers:notifications:rate:sendgrid:pace"
_DUE_IN_S: Final = text("SELECT extract(epoch FROM due_at - now()) FROM inbox WHERE state = 2 ORDER BY due_at LIMIT 1")


@pytest.fixture
def settings(settings: NotificationsSettings) -> NotificationsSettings:
    return settings.model_copy(update={"email_provider": "sendgrid"})


async def ten_minutes_pass(redis: Redis, session: Session, clock: FrozenClock, ids: list[UUID]) -> None:
    """For the clock, the inbox, and what all workers know of the account."""
    clock.advance(WINDOW)
    ms = 1000 * WINDOW.total_seconds()
    for place, field in ((CIRCUIT, "until"), (CIRCUIT, "since"), (PACE, "since")):
        await redis.hset(place, field, str(float(await redis.hget(place, field) or 0) - ms))
    for key in ids:
        await due_again(session, key)


async def refusals(session: Session, ids: list[UUID]) -> int:
    """How often the account was asked and refused."""
    return len([attempt for key in ids for attempt in (await delivery(session, key)).timeline])


async def test_mails_wait_in_the_inbox_for_an_hour_of_429_and_each_goes_out_once(
    run_task: TaskRunner, session: Session, mail_server: MailServer, redis: Redis, clock: FrozenClock
) -> None:
    await mail_server.faults({"action": "rate_limit", "seconds": WINDOW.total_seconds()}, provider="sendgrid")
    messages = [email(f"{name}@example.com") for name in ("ann", "ben", "cid")]
    ids = [one.id for one in await run_task.run(messages)]
    waits, turns, refused = [], [], [await refusals(session, ids)]

    async def met_again() -> bool:
        """Whether the account was asked once more; what a process knows of it is half a second old at most."""
        began = time.monotonic()
        assert {one.outcome for one in await run_task.run(messages, ids=ids)} == {"retry"}
        turns.append(time.monotonic() - began)
        for key in ids:
            await due_again(session, key)
        refused.append(await refusals(session, ids))
        return refused[-1] > refused[-2]

    for _ in range(6):
        waits.append(float(await session.scalar(_DUE_IN_S) or 0))
        await ten_minutes_pass(redis, session, clock, ids)
        await eventually(met_again, 10, "the account was not asked again", every_s=0.2)
    slowed = float(await redis.hget(PACE, "per_s") or 0)
    await mail_server.faults(provider="sendgrid")
    await ten_minutes_pass(redis, session, clock, ids)

    async def all_sent() -> bool:
        for key in ids:
            await due_again(session, key)
        return {one.outcome for one in await run_task.run(messages, ids=ids)} <= {"done", "skipped"}

    await eventually(all_sent, 10, "the account did not open again", every_s=0.2)
    found = [await delivery(session, key) for key in ids]
    assert min(waits[:1]) > 500
    assert max(turns) < 5
    assert 0 < slowed < 100
    assert [(one.status, one.retries, attempts_of(one)[-1][1:3]) for one in found] == [("sent", 0, ("accepted", 202))] * 3
    assert {attempt[1] for one in found for attempt in attempts_of(one)[:-1]} == {"throttled"}
    assert sorted(mail["envelope"]["rcpt_to"][0] for mail in await mail_server.mails()) == [one.to_email for one in messages]
