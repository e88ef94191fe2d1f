"""`notifications.advance_campaign`: each recipient is asked for once, whatever is repeated, and no faster than the cap."""

import asyncio
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from services.notifications import deps
from services.notifications.campaigns.messages import delivery_id_of, step_id_of
from services.notifications.campaigns.models import Campaign, subject_of
from services.notifications.campaigns.pace import STEP_SIZE, TRIAL_SIZE, TRIAL_WAIT
from services.notifications.campaigns.recipient_repository import RecipientRepository
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    OURS,
    changes_of,
    ended,
    know_customers,
    listed,
    publish_offer,
    read,
    row,
    running,
    step,
)
from shared.contracts.lanes import NOTIFICATIONS_BULK
from shared.contracts.notifications import AdvanceCampaign, SendTemplatedEmail, SendTemplatedSms
from shared.runtime import outbox
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, outbox_of, published

LONG = 60_000
TEN_SECONDS = timedelta(seconds=10)


async def asked_for(session: Session) -> list[str]:
    """Whom the published messages go to; whoever would get two stands there twice."""
    await outbox.write_pending(session)
    return sorted(one.to_person or one.to_email or "" for one in await published(session, SendTemplatedEmail))


async def steps_asked_for(session: Session) -> list[int]:
    return sorted(one.step for one in await published(session, AdvanceCampaign))


async def test_step_asks_for_its_recipients_on_the_bulk_lane_under_ids_of_their_own(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 2)
    await publish_offer(session)
    campaign = await running(session, clock, locale="hi")

    await step(session, clock, campaign, 1)

    sent = [one for one in await outbox_of(session) if one.name == SendTemplatedEmail.contract.name]
    assert [(one.id, one.lanes) for one in sent] == [
        (delivery_id_of(campaign.id, f"payments.customer:{number}"), (NOTIFICATIONS_BULK.name,)) for number in (1, 2)
    ]
    assert SendTemplatedEmail.model_validate_json(sent[0].body) == SendTemplatedEmail(
        to_person="payments.customer:1",
        template_name="offer",
        context={"thing": "tea"},
        locale="hi",
        organization_id=OURS,
        category="marketing",
        subject_key=subject_of(campaign.id),
    )


async def test_repeated_step_does_nothing_the_second_time(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)

    for number in (1, 1, 3, 1):
        await step(session, clock, campaign, number)

    assert await asked_for(session) == ["payments.customer:1"]
    assert await steps_asked_for(session) == [1, 2]
    assert (await read(session, campaign.id)).queued == 1


async def test_advance_campaign_runs_twice_and_asks_once(session: Session, clock: FrozenClock, run_task: TaskRunner) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock)
    message = AdvanceCampaign(campaign_id=campaign.id, step=1)

    same = [await run_task.run([message], ids=[step_id_of(campaign.id, 1)]) for _ in range(2)]
    await run_task(message)

    assert [one[0].carried_out for one in same] == [True, False]
    assert len(await asked_for(session)) == 3


async def test_five_thousand_are_settled_at_the_start_and_each_is_asked_for_once(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 5000)
    await publish_offer(session)
    campaign = await running(session, clock)
    await know_customers(session, 5010, first=5001)

    queued = [(await step(session, clock, campaign, 1)).queued]
    clock.advance(TRIAL_WAIT)
    queued += [(await step(session, clock, campaign, number)).queued for number in (2, 3, 4)]

    sent = await asked_for(session)
    assert (campaign.total, queued) == (5000, [300, 2300, 4300, 5000])
    assert len(sent) == 5000
    assert set(sent) == {f"payments.customer:{number}" for number in range(1, 5001)}


@pytest.mark.commits
async def test_same_step_at_once_in_several_processes_is_taken_by_one(database: Database, clock: FrozenClock) -> None:
    async with database.unit_of_work() as session:
        await know_customers(session, 50)
        await publish_offer(session)
        campaign = await running(session, clock)

    async def take() -> None:
        async with database.unit_of_work() as own:
            await deps.campaign_steps(own, clock).take([AdvanceCampaign(campaign_id=campaign.id, step=1)])

    await asyncio.gather(*(take() for _ in range(5)))

    sent = await published(database, SendTemplatedEmail)
    assert len(sent) == len({one.to_person for one in sent}) == 50
    assert sorted(one.step for one in await published(database, AdvanceCampaign)) == [1, 2]


async def minutes(session: Session, clock: FrozenClock, campaign: Campaign, steps: int) -> list[int]:
    """How many each of so many steps has asked for, each taken when it is due."""
    shares = []
    for number in range(1, steps + 1):
        before = campaign.queued
        campaign = await step(session, clock, campaign, number)
        shares.append(campaign.queued - before)
        assert campaign.next_step_at is not None
        clock.set(campaign.next_step_at)
    return shares


@pytest.mark.parametrize(("cap", "per_step"), [(1, 6), (100, 6), (600, 6), (30_000, 15)])
async def test_no_minute_has_more_than_the_cap(session: Session, clock: FrozenClock, cap: int, per_step: int) -> None:
    await know_customers(session, 3 * cap)
    await publish_offer(session)
    start = clock()
    campaign = await running(session, clock, per_minute=cap)

    shares = await minutes(session, clock, campaign, 3 * per_step - 1)

    assert max(sum(shares[first : first + per_step]) for first in range(2 * per_step)) == cap
    assert sum(shares[:per_step]) == cap
    assert clock() == start + timedelta(minutes=1) / per_step * (3 * per_step - 1)


async def test_step_that_comes_early_waits_and_one_that_comes_late_makes_nothing_good(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 300)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=60)
    await step(session, clock, campaign, 1)
    clock.advance(TEN_SECONDS - timedelta(milliseconds=1))
    early = await step(session, clock, campaign, 2)
    clock.advance(timedelta(minutes=5))
    late = await step(session, clock, campaign, 3)

    assert (early.queued, late.queued) == (10, 20)


async def test_full_lane_is_left_to_work_off_what_it_has(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 10)
    await publish_offer(session)
    campaign = await running(session, clock)
    filled = text("""
        INSERT INTO outbox (id, lane, name, body, correlation_id, traceparent)
        SELECT gen_random_uuid(), 'notifications.bulk', 'notifications.send_email', '{}', 'c', 't' FROM generate_series(1, :count)
    """)
    await session.execute(filled, {"count": 9_995})
    first = await step(session, clock, campaign, 1)
    await outbox.write_pending(session)
    second = await step(session, clock, campaign, 2)

    assert (first.queued, second.queued) == (5, 5)
    assert second.next_step_at == clock() + timedelta(seconds=2)


async def test_recipient_who_stands_in_the_list_by_reference_and_by_address_gets_one_mail(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 2)
    await publish_offer(session)
    rows = [
        row("hash", to_email="C1@Example.com"),
        row("payments.customer:1", to_person="payments.customer:1"),
        row("payments.customer:2", to_person="payments.customer:2"),
    ]
    draft = await listed(session, clock, rows)
    campaign = await changes_of(session, clock).start(ASHA, draft.id)

    await step(session, clock, campaign, 1)

    assert campaign.total == 2
    assert await asked_for(session) == ["C1@Example.com", "payments.customer:2"]


@pytest.mark.commits
async def test_long_list_starts_and_steps_though_no_statistics_know_of_it(
    database: Database, owner: asyncpg.Connection, clock: FrozenClock
) -> None:
    rows = [row(f"{number}", to_email=f"c{number % (LONG - 500)}@example.com") for number in range(LONG)]
    async with database.unit_of_work() as session:
        await publish_offer(session)
        await listed(session, clock, [row("a", to_email="a@example.com")])
    await owner.execute("ALTER TABLE campaign_recipients SET (autovacuum_enabled = false); ANALYZE campaign_recipients")
    async with database.unit_of_work() as session:
        draft = await listed(session, clock, rows)
    async with database.unit_of_work() as session:
        await session.execute(text("SET LOCAL statement_timeout = '5s'"))
        campaign = await changes_of(session, clock).start(ASHA, draft.id)
        await step(session, clock, campaign, 1)
        clock.advance(TRIAL_WAIT)
        campaign = await step(session, clock, campaign, 2)

    assert (campaign.total, campaign.queued) == (LONG - 500, TRIAL_SIZE + STEP_SIZE)


async def test_sms_campaign_gives_each_recipient_the_own_variables_before_the_common_ones(
    session: Session, clock: FrozenClock
) -> None:
    await publish_offer(session)
    rows = [row("a", to_phone="+919812345678", context={"thing": "coffee"}), row("b", to_phone="+919812345679", locale="hi")]
    draft = await listed(session, clock, rows, channel="sms", context={"thing": "tea", "shop": "A"})
    campaign = await changes_of(session, clock).start(ASHA, draft.id)

    await step(session, clock, campaign, 1)

    sent = await published(session, SendTemplatedSms)
    assert [(one.to_phone, one.context, one.locale) for one in sent] == [
        ("+919812345678", {"thing": "coffee", "shop": "A"}, None),
        ("+919812345679", {"thing": "tea", "shop": "A"}, "hi"),
    ]


async def test_campaign_is_finished_once_every_message_has_ended(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock)
    await step(session, clock, campaign, 1)
    await ended(session, campaign, 2, clock())
    waiting = await step(session, clock, campaign, 2)
    clock.advance(timedelta(seconds=30))
    await ended(session, campaign, 1, clock(), "dropped")
    finished = await step(session, clock, campaign, 3)

    assert (waiting.status, finished.status, finished.finished_at) == ("running", "finished", clock())
    assert await steps_asked_for(session) == [1, 2, 3]


async def test_campaign_whose_last_messages_never_end_is_given_up_after_a_week(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 1)
    await publish_offer(session)
    campaign = await running(session, clock)
    await step(session, clock, campaign, 1)
    clock.advance(timedelta(hours=2))
    late = await step(session, clock, campaign, 2)
    clock.advance(timedelta(days=7))
    given_up = await step(session, clock, campaign, 3)

    assert (late.next_step_at, given_up.status) == (clock() - timedelta(days=7) + timedelta(minutes=10), "finished")


async def test_campaign_stops_when_its_template_is_published_anew_and_sends_the_new_one_once_resumed(
    session: Session, clock: FrozenClock
) -> None:
    await know_customers(session, 2)
    await publish_offer(session)
    campaign = await running(session, clock, per_minute=6)
    await step(session, clock, campaign, 1)
    await publish_offer(session, locale="hi")
    clock.advance(TEN_SECONDS)
    stopped = await step(session, clock, campaign, 2)
    resumed = await changes_of(session, clock).resume(ASHA, campaign.id)
    after = await step(session, clock, campaign, resumed.step + 1)

    assert (stopped.status, stopped.pause_cause, stopped.queued) == ("paused", "template", 1)
    assert (campaign.template_version, after.queued) == (1, 2)


async def test_recipients_who_are_waiting_come_in_order(session: Session, clock: FrozenClock) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    campaign = await running(session, clock)

    found = await RecipientRepository(session).waiting(campaign.id, 2)

    assert [one.position for one in found] == [1, 2]
    assert await RecipientRepository(session).waiting(UUID(int=9), 2) == []
