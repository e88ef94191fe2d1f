"""What a campaign has published and not sent: it waits under one line, and comes when the campaign is resumed or cancelled."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.notifications.campaigns.advance import LATE_DRAIN_WAIT
from services.notifications.campaigns.messages import delivery_id_of, message_for
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.campaigns.service import FORSAKEN_AFTER
from services.notifications.campaigns.waiting_repository import WaitingRepository
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    changes_of,
    due,
    held,
    know_customers,
    offer,
    publish_offer,
    running,
    step,
)
from services.notifications.tests.deliveries.arrange import delivery, due_again
from services.notifications.tests.mail_server import MailServer
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.message import Message
from shared.contracts.notifications import AdvanceCampaign, StartDueCampaigns
from shared.runtime.clock import system_clock
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, assert_nothing_published


async def first_message(session: Session, campaign: Campaign) -> tuple[UUID, Message]:
    """What the campaign publishes for its first recipient."""
    [one] = await RecipientRepository(session).waiting(campaign.id, 1)
    return delivery_id_of(campaign.id, one.recipient), message_for(campaign, one)


async def test_message_of_a_paused_campaign_waits_for_hours_under_one_line_for_each_pause(
    run_task: TaskRunner, session: Session, mail_server: MailServer
) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    changes = changes_of(session, system_clock)
    campaign = await running(session, system_clock)
    key, message = await first_message(session, campaign)
    lines = []
    for _ in range(2):
        await changes.pause(ASHA, campaign.id, "wait")
        for _ in range(3):
            await due_again(session, key)
            await run_task.run([message], ids=[key], lane=NOTIFICATIONS_BULK)
        lines.append([(one.kind, one.code, one.detail) for one in (await delivery(session, key)).events])
        await changes.resume(ASHA, campaign.id)

    line = ("held", "campaign_paused", "the campaign is paused")
    assert lines == [[line], [line, line]]
    found = await delivery(session, key)
    waits = await session.scalar(text("SELECT due_at > now() + interval '5 hours' FROM inbox WHERE id = :id"), {"id": key})
    assert (found.status, found.held_until, waits) == ("queued", None, True)
    await due_again(session, key)
    assert (await run_task.run([message], ids=[key], lane=NOTIFICATIONS_BULK))[0].outcome == "done"
    assert len(await mail_server.mails()) == 1


async def paused_with(
    session: Session, clock: FrozenClock, *, waiting: int, people: int, **facts: Any
) -> tuple[Campaign, list[UUID]]:
    """A campaign that was paused before it had asked for anybody, with messages of its own that wait."""
    await know_customers(session, people)
    await publish_offer(session)
    campaign = await running(session, clock, **facts)
    ids = await held(session, campaign, waiting)
    await changes_of(session, clock).pause(ASHA, campaign.id, "wait")
    return campaign, ids


async def test_resuming_lets_come_what_waits_before_anybody_else_is_asked_for(session: Session, clock: FrozenClock) -> None:
    campaign, ids = await paused_with(session, clock, waiting=1800, people=800)
    resumed = await changes_of(session, clock).resume(ASHA, campaign.id)
    before = await due(session, ids)
    after = await step(session, clock, resumed, resumed.step + 1)

    assert (before, await due(session, ids), after.queued) == ([], ids, 200)


async def test_what_waits_comes_within_the_cap_the_oldest_first(session: Session, clock: FrozenClock) -> None:
    campaign, ids = await paused_with(session, clock, waiting=25, people=100, per_minute=60)
    campaign = await changes_of(session, clock).resume(ASHA, campaign.id)
    shares = []
    for _ in range(6):
        campaign = await step(session, clock, campaign, campaign.step + 1)
        shares.append((len(await due(session, ids)), campaign.queued))
        assert campaign.next_step_at == clock() + timedelta(seconds=10)
        clock.advance(timedelta(seconds=10))
        if len(shares) == 1:
            assert await due(session, ids) == ids[:10]

    assert shares == [(10, 0), (20, 0), (25, 5), (25, 15), (25, 25), (25, 35)]


@pytest.mark.parametrize("per_minute", [None, 1])
async def test_what_waits_comes_though_everybody_has_been_asked_for(
    session: Session, clock: FrozenClock, per_minute: int | None
) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=per_minute)
    while campaign.queued == 0:
        campaign = await step(session, clock, campaign, campaign.step + 1)
        clock.set(campaign.next_step_at or clock())
    clock.advance(timedelta(hours=2))
    campaign = await step(session, clock, campaign, campaign.step + 1)
    assert campaign.next_step_at == clock() + LATE_DRAIN_WAIT
    ids = await held(session, campaign, 1)
    changes = changes_of(session, clock)
    await changes.pause(ASHA, campaign.id, "wait")
    campaign = await changes.resume(ASHA, campaign.id)
    soon = campaign.next_step_at
    for _ in range(6):
        clock.advance(timedelta(seconds=10))
        campaign = await step(session, clock, campaign, campaign.step + 1)

    assert soon is not None
    assert (soon <= clock() - timedelta(seconds=50), await due(session, ids)) == (True, ids)


@pytest.mark.commits
async def test_what_somebody_holds_at_that_moment_is_let_come_by_the_step_after_it(
    database: Database, clock: FrozenClock
) -> None:
    async with database.unit_of_work() as session:
        campaign, ids = await paused_with(session, clock, waiting=3, people=3)
        campaign = await changes_of(session, clock).resume(ASHA, campaign.id)
    async with database.unit_of_work() as holder:
        await holder.execute(text("SELECT FROM inbox WHERE id = :id FOR UPDATE"), {"id": ids[1]})
        async with database.unit_of_work() as session:
            campaign = await step(session, clock, campaign, campaign.step + 1)
            first = await due(session, ids)
    async with database.unit_of_work() as session:
        await step(session, clock, campaign, campaign.step + 1)
        second = await due(session, ids)

    assert (first, second) == ([ids[0], ids[2]], ids)


async def test_cancelling_lets_come_whatever_waits_slice_by_slice(session: Session, clock: FrozenClock) -> None:
    campaign, ids = await paused_with(session, clock, waiting=1200, people=1)
    ids += await held(session, campaign, 1200, "quiet_hours")
    theirs = await held(session, await running(session, clock), 1)
    campaign = await changes_of(session, clock).cancel(ASHA, campaign.id, "over")
    slices = [len(await due(session, ids))]
    while campaign.next_step_at is not None:
        campaign = await step(session, clock, campaign, campaign.step + 1)
        slices.append(len(await due(session, ids)))

    assert (slices, await due(session, theirs)) == ([0, 2000, 2400, 2400], [])
    assert (campaign.status, campaign.queued) == ("cancelled", 0)


async def test_cancelling_what_has_not_started_takes_no_steps(session: Session, clock: FrozenClock) -> None:
    changes = changes_of(session, clock)
    await know_customers(session, 1)
    await publish_offer(session)
    draft = await changes.create(ASHA, offer())

    assert (await changes.cancel(ASHA, draft.id, "over")).next_step_at is None
    await assert_nothing_published(session, AdvanceCampaign)


async def test_lost_step_of_a_cancelled_campaign_is_taken_up(session: Session, clock: FrozenClock) -> None:
    campaign, ids = await paused_with(session, clock, waiting=1, people=1)
    changes = changes_of(session, clock)
    campaign = await changes.cancel(ASHA, campaign.id, "over")
    clock.advance(FORSAKEN_AFTER + timedelta(seconds=1))
    await changes.start_due(StartDueCampaigns(slot=clock()))
    lost = await step(session, clock, campaign, campaign.step + 1)
    missed = await due(session, ids)
    await step(session, clock, campaign, lost.step + 1)

    assert (missed, await due(session, ids)) == ([], ids)


@pytest.mark.commits
async def test_what_was_published_while_the_cancellation_waited_for_its_turn_is_not_sent(
    run_task: TaskRunner, database: Database, mail_server: MailServer
) -> None:
    async with database.unit_of_work() as session:
        await know_customers(session, 1)
        await publish_offer(session)
        campaign = await running(session, system_clock)
        key, message = await first_message(session, campaign)
    async with database.unit_of_work() as cancelling:
        await cancelling.execute(text("SELECT now()"))
        async with database.unit_of_work() as session:
            published_at = await session.scalar(text("SELECT now()"))
        await changes_of(cancelling, system_clock).cancel(ASHA, campaign.id, "over")
    handled = await run_task.run([message], ids=[key], lane=NOTIFICATIONS_BULK, occurred_at=published_at)

    async with database.read() as reader:
        found = await delivery(reader, key)
    assert (handled[0].outcome, found.status, found.reason, found.error) == ("dropped", "dropped", "cancelled", "cancelled: over")
    assert await mail_server.mails() == []


OUTBOX = """
    INSERT INTO outbox (id, lane, name, body, correlation_id, traceparent, state, due_at)
    VALUES (gen_random_uuid(), :lane, 'notifications.send_email', '{}', 'c', 't', :state, now() + make_interval(secs => :after_s))
"""
INBOX = """
    INSERT INTO inbox (id, name, lane, state, occurred_at, due_at, lease_token)
    VALUES (gen_random_uuid(), 'notifications.send_email', :lane, :state, now(), now() + make_interval(secs => :after_s),
            gen_random_uuid())
"""


@pytest.mark.parametrize(
    ("table", "state", "after_s", "lane", "counts"),
    [
        (OUTBOX, 0, 0, "notifications.bulk", True),
        (OUTBOX, 1, 0, "notifications.bulk", True),
        (OUTBOX, 0, 60, "notifications.bulk", False),
        (OUTBOX, 2, 0, "notifications.bulk", False),
        (OUTBOX, 0, 0, "notifications.normal", False),
        (INBOX, 2, 0, "notifications.bulk", True),
        (INBOX, 3, 0, "notifications.bulk", True),
        (INBOX, 2, 60, "notifications.bulk", False),
        (INBOX, 0, 0, "notifications.bulk", False),
        (INBOX, 2, 0, "notifications.normal", False),
    ],
)
async def test_backlog_of_a_lane_is_what_waits_for_it_in_outbox_and_inbox(
    session: Session, table: str, state: int, after_s: int, lane: str, counts: bool
) -> None:
    for _ in range(3):
        await session.execute(text(table), {"lane": lane, "state": state, "after_s": after_s})
    waiting = WaitingRepository(session)

    assert [await waiting.backlog("notifications.bulk", limit) for limit in (2, 10)] == ([2, 3] if counts else [0, 0])


async def test_steps_stop_when_a_slow_provider_has_made_everything_a_retry(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 10)
    await publish_offer(session)
    campaign = await running(session, clock)
    await session.execute(
        text("""
            INSERT INTO inbox (id, name, lane, state, occurred_at, due_at)
            SELECT gen_random_uuid(), 'notifications.send_email', 'notifications.bulk', 2, now(), now()
              FROM generate_series(1, 10000)
        """)
    )

    stopped = await step(session, clock, campaign, 1)

    assert (stopped.queued, stopped.next_step_at) == (0, clock() + timedelta(seconds=2))
