"""A digest tells of nothing that its reader has declined since it was collected."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.digests.repository import DigestRepository, Due
from services.notifications.policies.models import Policy
from services.notifications.policies.repository import PolicyRepository
from services.notifications.preferences.models import Cadence, Channel, Choice, Key
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.repository import SuppressionRepository, SuppressionRow
from services.notifications.tests.callbacks.arrange import HASHER, OURS
from services.notifications.tests.deliveries.arrange import delivery, know_person
from services.notifications.tests.digests.arrange import ASHA, collected
from services.notifications.tests.gates.arrange import choose
from shared.contracts.notifications import CancelMessages, SendDailyDigest, SendOrderReminder, SendTemplatedEmail
from shared.runtime.db import Session
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner, assert_nothing_published, assert_published, outbox_of

EMAIL = "asha@example.com"


def digest() -> SendDailyDigest:
    return SendDailyDigest(to_person=ASHA, digest_on=MONDAY_MORNING.date())


async def suppressed(session: Session, reason: Reason, scope: Scope, category: str | None = None) -> None:
    """What a provider has told of Asha's address."""
    address_hash = HASHER.hash("email", EMAIL)
    row = SuppressionRow("email", EMAIL, address_hash, scope, reason, "sendgrid", "x", MONDAY_MORNING, None, category)
    await SuppressionRepository(session).add([row])


async def reminded(run_task: TaskRunner, session: Session, **fields: Any) -> UUID:
    """Asha's reminder is collected. Returns its delivery's id."""
    asked = SendOrderReminder(to_person=ASHA, order_id="o1", order_number="WB-1", action="approve the sample", **fields)
    await run_task(asked)
    [mail] = [one for one in await outbox_of(session) if one.name == SendTemplatedEmail.contract.name]
    await session.execute(text("DELETE FROM outbox"))
    await run_task.run([SendTemplatedEmail.model_validate_json(mail.body)], ids=[mail.id])
    return mail.id


async def categories_told(session: Session) -> list[str]:
    groups: Any = (await assert_published(session, SendTemplatedEmail)).context["groups"]
    return [group["category"] for group in groups]


async def left(session: Session) -> int:
    return int((await session.execute(text("SELECT count(*) FROM digest_entries WHERE digested_on IS NULL"))).scalar_one())


async def test_category_that_the_reader_has_switched_off_is_not_told_of(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA)
    await collected(session, 5, category="marketing", cadence=Cadence.WEEKLY)
    await collected(session, category="reminders")
    await choose(session, "marketing", "email", "off", ASHA)
    await run_task(digest())

    assert (await categories_told(session), await left(session)) == (["reminders"], 0)


async def test_choice_of_the_organization_counts_where_the_reader_has_none(run_task: TaskRunner, session: Session) -> None:
    await know_person(session, ASHA, organization_id=OURS)
    await collected(session, category="marketing", organization_id=OURS)
    await collected(session, category="reminders", organization_id=OURS)
    off = {Key(name, Channel.EMAIL): Choice.OFF for name in ("marketing", "reminders")}
    await PolicyRepository(session).put(Policy(organization_id=OURS, choices=off), now=MONDAY_MORNING, by="ann")
    await choose(session, "reminders", "email", "daily", ASHA)
    await run_task(digest())

    assert await categories_told(session) == ["reminders"]


@pytest.mark.usefixtures("settings_of_the_process")
@pytest.mark.parametrize("code", ["declined", "cancelled", "stale"])
async def test_timeline_says_why_nobody_was_told_of_what_was_collected(run_task: TaskRunner, session: Session, code: str) -> None:
    await know_person(session, ASHA)
    await choose(session, "reminders", "email", "daily", ASHA)
    until = MONDAY_MORNING + timedelta(days=1, hours=1) if code == "stale" else None
    message_id = await reminded(run_task, session, subject_key="orders.order:o1", valid_until=until)
    if code == "declined":
        await choose(session, "reminders", "email", "off", ASHA)
    elif code == "cancelled":
        await run_task(CancelMessages(subject_key="orders.order:o1"))
    later = MONDAY_MORNING + timedelta(days=2)
    await DigestRepository(session).take(Due([ASHA], Cadence.DAILY), later)

    found = await delivery(session, message_id)
    assert [(one.kind, one.code) for one in found.events] == [("skipped", "digested"), ("skipped", code)]
    assert await left(session) == 0


@pytest.mark.usefixtures("settings_of_the_process")
@pytest.mark.parametrize(
    ("reason", "scope", "category", "told"),
    [
        (Reason.UNSUBSCRIBED, Scope.CATEGORY, "reminders", False),
        (Reason.UNSUBSCRIBED, Scope.CATEGORY, "marketing", True),
        (Reason.COMPLAINT, Scope.GLOBAL, None, True),
    ],
)
async def test_what_a_provider_has_told_of_the_address_counts_as_for_a_message(
    run_task: TaskRunner, session: Session, reason: Reason, scope: Scope, category: str | None, told: bool
) -> None:
    await know_person(session, ASHA)
    await choose(session, "reminders", "email", "daily", ASHA)
    await reminded(run_task, session)
    await suppressed(session, reason, scope, category)
    await run_task(digest())

    if told:
        assert await categories_told(session) == ["reminders"]
    else:
        await assert_nothing_published(session, SendTemplatedEmail)
    assert await left(session) == 0
