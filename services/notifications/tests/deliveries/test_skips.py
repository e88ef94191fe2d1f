"""What is not sent, or not yet, has its reason in the delivery and a line of it in the timeline, which is there once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from services.notifications.preferences.models import EVERY_DAY, QuietHours
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow
from services.notifications.tests.callbacks.arrange import HASHER
from services.notifications.tests.deliveries.arrange import delivery, publish_template, templated
from services.notifications.tests.gates.arrange import ASHA, OURS, asha, choose, policy, times
from services.notifications.tests.mail_server import MailServer
from shared.contracts.notifications import CancelMessages
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner

TO_ASHA: Final = {"to_person": ASHA, "organization_id": OURS, "category": "marketing"}
Arrange = Callable[[Session, TaskRunner], Awaitable[None]]


async def nothing(_: Session, __: TaskRunner) -> None:
    """The message alone is enough."""


async def suppressed(session: Session, _: TaskRunner) -> None:
    entry = ("email", "asha@example.com", HASHER.hash("email", "asha@example.com"), Scope.GLOBAL, Reason.HARD_BOUNCE)
    await SuppressionRepository(session).add([SuppressionRow(*entry, "sendgrid", "call-backs", system_clock())])


async def declined(session: Session, _: TaskRunner) -> None:
    await choose(session, "marketing", "email", "off")


async def collected(session: Session, _: TaskRunner) -> None:
    await choose(session, "marketing", "email", "daily")


async def had_one(session: Session, run_task: TaskRunner) -> None:
    await policy(session, throttle_per_hour=1)
    assert (await run_task(templated(**TO_ASHA, dedupe_key="d1"))).outcome == "done"


async def asleep(session: Session, _: TaskRunner) -> None:
    begin, end = ((MONDAY_MORNING + timedelta(hours=hours)).time() for hours in (-2, 2))
    await times(session, QuietHours(begin, end, EVERY_DAY))


async def cancelled(_: Session, run_task: TaskRunner) -> None:
    await run_task(CancelMessages(subject_key="s1"))


# What is so before, the message's own facts, and what becomes of it: status, reason and the line of the timeline.
SKIPS: Final[dict[str, tuple[Arrange, dict[str, Any], tuple[str, str, str]]]] = {
    "suppressed": (suppressed, {}, ("dropped", "suppressed", "skipped")),
    "declined": (declined, {}, ("dropped", "declined", "skipped")),
    "digested": (collected, {}, ("dropped", "digested", "skipped")),
    "duplicate": (had_one, {"dedupe_key": "d1"}, ("dropped", "duplicate", "skipped")),
    "throttled": (had_one, {}, ("dropped", "throttled", "skipped")),
    "quiet_hours": (asleep, {}, ("queued", "quiet_hours", "held")),
    "cancelled": (cancelled, {"subject_key": "s1"}, ("dropped", "cancelled", "skipped")),
    "stale": (nothing, {"valid_until": MONDAY_MORNING - timedelta(days=1)}, ("dropped", "stale", "skipped")),
}


@pytest.mark.usefixtures("settings_of_the_process")
@pytest.mark.parametrize("name", SKIPS)
async def test_reason_is_in_the_delivery_and_in_its_timeline(
    run_task: TaskRunner, session: Session, mail_server: MailServer, name: str
) -> None:
    arrange, facts, (status, reason, kind) = SKIPS[name]
    await publish_template(session)
    await asha(session, time_zone="UTC")
    await arrange(session, run_task)
    before, key = len(await mail_server.mails()), uuid7()
    # Asked for before it was cancelled.
    asked_at = system_clock() - timedelta(minutes=1)
    for _ in range(2):
        await run_task.run([templated(**{**TO_ASHA, **facts})], ids=[key], occurred_at=asked_at)

    found = await delivery(session, key)
    assert (found.status, found.reason, found.timeline) == (status, reason, [])
    assert [(one.kind, one.code) for one in found.events] == [(kind, reason)]
    assert found.events[0].detail is not None
    assert len(await mail_server.mails()) == before


@pytest.mark.usefixtures("settings_of_the_process")
async def test_what_waits_and_is_cancelled_says_so_as_well(run_task: TaskRunner, session: Session) -> None:
    await publish_template(session)
    await asha(session, time_zone="UTC")
    await asleep(session, run_task)
    key = uuid7()
    await run_task.run([templated(**TO_ASHA, subject_key="s1")], ids=[key])
    for _ in range(2):
        await run_task(CancelMessages(subject_key="s1"))

    found = await delivery(session, key)
    assert (found.status, found.reason) == ("dropped", "cancelled")
    assert [(one.kind, one.code) for one in found.events] == [("held", "quiet_hours"), ("skipped", "cancelled")]
