"""`notifications.start_due_campaigns`: what was scheduled starts, and a campaign whose step was lost goes on."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.campaigns.service import FORSAKEN_AFTER, GIVE_UP_STARTING_AFTER, NOT_STARTED
from services.notifications.templates.errors import TemplateUnusable
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    changes_of,
    know_customers,
    listed,
    offer,
    publish_offer,
    read,
    row,
    running,
    step,
)
from shared.contracts.notifications import AdvanceCampaign, StartDueCampaigns
from shared.runtime.clock import system_clock
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_published, published

HOUR = timedelta(hours=1)


async def test_campaign_starts_once_its_moment_has_come(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    changes = changes_of(session, clock)
    draft = await changes.create(ASHA, offer())
    at = clock() + HOUR
    await changes.schedule(ASHA, draft.id, at)

    await changes.start_due(StartDueCampaigns(slot=at - timedelta(seconds=1)))
    early = (await read(session, draft.id)).status
    await changes.start_due(StartDueCampaigns(slot=at))

    started = await read(session, draft.id)
    assert (early, started.status, started.total) == ("scheduled", "running", 3)
    await assert_published(session, AdvanceCampaign, campaign_id=draft.id, step=1)


async def test_campaign_whose_readers_of_another_language_need_a_further_variable_does_not_start(
    session: Session, clock: FrozenClock
) -> None:
    await publish_offer(session)
    await publish_offer(session, locale="hi", variables={"price": {"type": "string", "required": True, "description": ""}})
    await know_customers(session, 2)
    await know_customers(session, 3, first=3, locale="hi")
    changes = changes_of(session, clock)
    to_all, in_english = [await changes.create(ASHA, offer(locale=locale)) for locale in (None, "en")]

    with pytest.raises(TemplateUnusable, match=r"offer \(hi, version \d\): the context lacks price"):
        await changes.start(ASHA, to_all.id)
    assert (await changes.start(ASHA, in_english.id)).status == "running"


async def test_start_due_campaigns_runs_twice_and_starts_once(session: Session, clock: FrozenClock, run_task: TaskRunner) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    changes = changes_of(session, clock)
    draft = await changes.create(ASHA, offer())
    clock.set(system_clock())
    await changes.schedule(ASHA, draft.id, clock() + timedelta(minutes=1))
    message = StartDueCampaigns(slot=clock() + timedelta(minutes=1))

    for _ in range(2):
        assert (await run_task(message)).outcome == "done"

    assert (await read(session, draft.id)).status == "running"
    assert len(await published(session, AdvanceCampaign)) == 1


async def test_campaign_that_cannot_start_is_a_draft_again_says_why_and_keeps_no_other_from_starting(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    changes = changes_of(session, clock)
    broken, whole = [await changes.create(ASHA, offer(locale=locale)) for locale in (None, "en")]
    for one in (broken, whole):
        await changes.schedule(ASHA, one.id, clock() + HOUR)
    broken_id, whole_id = broken.id, whole.id
    await changes.pause(ASHA, broken_id, "edit")
    await changes.edit(ASHA, broken_id, offer(segment={"locales": ["fr"]}), lambda _: None)
    await changes.schedule(ASHA, broken_id, clock() + HOUR)

    await changes.start_due(StartDueCampaigns(slot=clock() + HOUR))

    back = await read(session, broken_id)
    assert (back.status, back.pause_reason) == ("draft", "it would go to nobody; mend its segment, or upload its list")
    assert (await read(session, whole_id)).status == "running"


async def test_campaign_whose_step_was_lost_goes_on_with_a_new_one(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)
    await step(session, clock, campaign, 1)
    clock.advance(FORSAKEN_AFTER)
    changes = changes_of(session, clock)
    await changes.start_due(StartDueCampaigns(slot=clock()))
    patient = await read(session, campaign.id)
    clock.advance(timedelta(seconds=11))
    for _ in range(2):
        await changes.start_due(StartDueCampaigns(slot=clock()))

    lost = await step(session, clock, campaign, 2)
    found = await step(session, clock, campaign, 3)
    assert (patient.step, lost.queued, found.queued) == (1, 1, 2)


async def test_campaign_whose_template_has_come_to_want_something_else_keeps_no_other_from_starting(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    changes = changes_of(session, clock)
    broken, whole = [await changes.create(ASHA, offer(context={"thing": thing})) for thing in (7, "tea")]
    for one in (broken, whole):
        await changes.schedule(ASHA, one.id, clock() + HOUR)
    await publish_offer(session, variables={"thing": {"type": "string", "required": True, "description": ""}})

    await changes.start_due(StartDueCampaigns(slot=clock() + HOUR))

    back, other = await read(session, broken.id), await read(session, whole.id)
    assert (back.status, back.pause_cause, other.status) == ("draft", "template", "running")
    assert "thing" in (back.pause_reason or "")
    await assert_published(session, AdvanceCampaign, campaign_id=whole.id, step=1)


async def _start_due(database: Database, clock: FrozenClock) -> None:
    async with database.unit_of_work() as session:
        await session.execute(text("SET LOCAL lock_timeout = '200ms'"))
        await changes_of(session, clock).start_due(StartDueCampaigns(slot=clock()))


async def _blocked_whole_and_forsaken(database: Database, clock: FrozenClock) -> tuple[UUID, UUID, UUID]:
    async with database.unit_of_work() as session:
        await know_customers(session, 3)
        await publish_offer(session)
        changes = changes_of(session, clock)
        forsaken = await running(session, clock, per_minute=6)
        blocked, whole = await listed(session, clock, [row("a", to_email="a@example.com")]), await changes.create(ASHA, offer())
        await changes.edit(ASHA, blocked.id, offer(), lambda _: None)
        for minutes, one in enumerate((blocked, whole), 60):
            await changes.schedule(ASHA, one.id, clock() + timedelta(minutes=minutes))
    return blocked.id, whole.id, forsaken.id


@pytest.mark.commits
async def test_time_out_of_the_database_in_one_campaign_takes_nobody_along(database: Database, clock: FrozenClock) -> None:
    blocked, whole, forsaken = await _blocked_whole_and_forsaken(database, clock)
    clock.advance(HOUR + timedelta(minutes=5))
    async with database.unit_of_work() as holder:
        await holder.execute(text("SELECT FROM campaign_recipients WHERE campaign_id = :id FOR UPDATE"), {"id": blocked})
        await _start_due(database, clock)
        clock.advance(timedelta(minutes=1))
        await _start_due(database, clock)
        async with database.read() as reader:
            found = {one.id: one.status for one in await reader.execute(text("SELECT id, status FROM campaigns"))}
            step = await reader.scalar(text("SELECT step FROM campaigns WHERE id = :id"), {"id": forsaken})
    await _start_due(database, clock)

    assert (found[blocked], found[whole], step) == ("scheduled", "running", 1)
    async with database.read() as reader:
        assert await reader.scalar(text("SELECT status FROM campaigns WHERE id = :id"), {"id": blocked}) == "running"


@pytest.mark.commits
async def test_campaign_that_the_database_does_not_manage_to_start_for_an_hour_is_a_draft_again(
    database: Database, clock: FrozenClock
) -> None:
    blocked, _, _ = await _blocked_whole_and_forsaken(database, clock)
    clock.advance(HOUR + GIVE_UP_STARTING_AFTER)
    async with database.unit_of_work() as holder:
        await holder.execute(text("SELECT FROM campaign_recipients WHERE campaign_id = :id FOR UPDATE"), {"id": blocked})
        await _start_due(database, clock)

    async with database.read() as reader:
        query = text("SELECT status, pause_reason FROM campaigns WHERE id = :id")
        status, reason = (await reader.execute(query, {"id": blocked})).one()
    assert (status, reason) == ("draft", NOT_STARTED)
