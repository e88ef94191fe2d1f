"""`notifications.start_due_campaigns`: what was scheduled starts, and a campaign whose step was lost goes on."""

from datetime import timedelta

from services.notifications.campaigns.service import FORSAKEN_AFTER
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    changes_of,
    know_customers,
    offer,
    publish_offer,
    read,
    running,
    step,
)
from shared.contracts.notifications import AdvanceCampaign, StartDueCampaigns
from shared.runtime.clock import system_clock
from shared.runtime.db import Session
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
