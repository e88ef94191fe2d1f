"""What has become of a campaign's messages is always what a recount of its deliveries finds."""

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from services.notifications.campaigns.counts_repository import MANY_ROWS, CountsReader, CountsRepository
from services.notifications.campaigns.models import Campaign, Counts, subject_of
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    changes_of,
    ended,
    know_customers,
    publish_offer,
    recounted,
    refused,
    reported,
    running,
    step,
)
from shared.contracts.notifications import StartDueCampaigns
from shared.runtime.db import Database, Session
from shared.testing.clock import FrozenClock

SECOND: Final = timedelta(seconds=1)
_NEW: Final = """
    INSERT INTO deliveries (id, organization_id, channel, subject_key, status, created_at)
    SELECT gen_random_uuid(), :organization_id, 'email', :subject_key, 'sending', now() FROM generate_series(1, 40) RETURNING id
"""
_CHANGE: Final = """
    UPDATE deliveries SET status = :status, receipt = coalesce(:receipt, receipt), reason = :reason, attempts = :attempts,
                          finished_at = CASE WHEN :status IN ('sent', 'failed', 'dropped') THEN CAST(:at AS timestamptz) END
     WHERE id = ANY(CAST(:ids AS uuid[]))
"""
_ENDS: Final = [
    ("sent", None, None),
    ("sent", "delivered", None),
    ("sent", "bounced_hard", None),
    ("sent", "complained", None),
    ("failed", None, "bad_recipient"),
    ("failed", None, "blocked"),
    ("failed", "delivered", "unknown"),
    ("dropped", None, "suppressed"),
    ("queued", None, "campaign_paused"),
    ("sending", None, None),
    ("sending", "bounced_soft", None),
]


async def started(session: Session, clock: FrozenClock) -> Campaign:
    await know_customers(session, 3)
    await publish_offer(session)
    return await running(session, clock, per_minute=6)


async def agree(session: Session, campaign: Campaign) -> Counts:
    """The figures, which a recount finds, too."""
    found = (await CountsReader(session).of([campaign.id]))[campaign.id]
    assert found == await recounted(session, campaign.id)
    return found


async def rows(session: Session) -> int:
    return int((await session.execute(text("SELECT count(*) FROM campaign_counts"))).scalar_one())


async def change(
    session: Session, ids: list[Any], end: tuple[str, str | None, str | None], at: datetime, attempts: int = 1
) -> None:
    """Let these deliveries stand so."""
    status, receipt, reason = end
    bound = {"ids": ids, "status": status, "receipt": receipt, "reason": reason, "at": at, "attempts": attempts}
    await session.execute(text(_CHANGE), bound)


async def test_each_way_to_end_counts_as_what_it_is(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    await ended(session, campaign, 5, clock())
    await ended(session, campaign, 4, clock(), receipt="delivered")
    await ended(session, campaign, 3, clock(), receipt="blocked")
    await ended(session, campaign, 2, clock(), receipt="complained")
    await ended(session, campaign, 7, clock(), "dropped")
    await refused(session, campaign, 6, clock())
    await reported(session, campaign, 1, clock(), "bounced_soft")

    assert await agree(session, campaign) == Counts(
        sent=14, failed=6, dropped=7, delivered=4, bounced=4, complained=2, rated_sent=21, rated_bounced=10, rated_complained=2
    )


async def test_replayed_dead_letter_is_no_failure_any_more(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    ids = list(
        await session.scalars(text(_NEW), {"organization_id": campaign.organization_id, "subject_key": subject_of(campaign.id)})
    )
    failed = []
    for end in (("failed", None, "bad_recipient"), ("sending", None, None), ("sent", None, None), ("sent", "delivered", None)):
        await change(session, ids[:3], end, clock())
        found = await agree(session, campaign)
        failed.append((found.failed, found.rated_bounced, found.sent))

    assert failed == [(3, 3, 0), (0, 0, 0), (0, 0, 3), (0, 0, 3)]


async def test_messages_of_others_under_the_campaigns_key_do_not_count(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    for organization, key in [
        (None, subject_of(campaign.id)),
        (campaign.organization_id, subject_of(campaign.id).upper()),
        (campaign.organization_id, "notifications.campaign:"),
        (campaign.organization_id, f"notifications.campaign:{{{campaign.id}}}"),
        (campaign.organization_id, f"notifications.campaign:{ASHA.organization_id}"),
        (campaign.organization_id, None),
    ]:
        ids = list(await session.scalars(text(_NEW), {"organization_id": organization, "subject_key": key}))
        await change(session, ids, ("sent", "delivered", None), clock())

    assert (await agree(session, campaign), await rows(session)) == (Counts(), 0)


async def test_sums_stay_the_same_when_rows_are_summed_up_and_when_it_is_resumed(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    counts, changes = CountsRepository(session), changes_of(session, clock)
    for _ in range(4):
        for _ in range(30):
            await ended(session, campaign, 1, clock(), receipt="bounced_hard")
            clock.advance(7 * SECOND)
        before = await agree(session, campaign)
        await counts.sum_up([campaign.id], clock())
        assert (await agree(session, campaign), await rows(session) < 15) == (before, True)
        await session.execute(text("UPDATE campaigns SET rates_checked_at = NULL"))
        campaign = await step(session, clock, campaign, campaign.step + 1)
        if campaign.status == "paused":
            campaign = await changes.resume(ASHA, campaign.id)
            assert (await agree(session, campaign)).rated_sent == 0

    assert (await agree(session, campaign)).sent == 120


async def test_rates_of_a_resumed_campaign_begin_with_the_next_whole_second(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    await ended(session, campaign, 100, clock(), receipt="bounced_hard")
    await step(session, clock, campaign, 1)
    clock.advance(timedelta(seconds=60, milliseconds=400))
    await changes_of(session, clock).resume(ASHA, campaign.id)
    for after_ms in (0, 599, 600, 700):
        await ended(session, campaign, 1, clock() + timedelta(milliseconds=after_ms))

    assert (await agree(session, campaign)).rated_sent == 2


async def test_figures_of_a_campaign_that_does_not_run_are_summed_up_as_well(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    changes = changes_of(session, clock)
    await changes.cancel(ASHA, campaign.id, "over")
    for _ in range(MANY_ROWS + 1):
        await ended(session, campaign, 1, clock())
    clock.advance(timedelta(minutes=2))
    await changes.start_due(StartDueCampaigns(slot=clock()))

    assert (await rows(session), (await agree(session, campaign)).sent) == (1, MANY_ROWS + 1)


async def test_deliveries_that_are_deleted_when_their_time_is_over_stay_counted(session: Session, clock: FrozenClock) -> None:
    campaign = await started(session, clock)
    await ended(session, campaign, 3, clock())
    await session.execute(text("DELETE FROM deliveries"))

    assert (await CountsReader(session).of([campaign.id]))[campaign.id].sent == 3


@pytest.mark.commits
async def test_changes_sums_and_rollbacks_at_once_leave_the_figures_right(database: Database, clock: FrozenClock) -> None:
    async with database.unit_of_work() as session:
        campaign = await started(session, clock)
        bound = {"organization_id": campaign.organization_id, "subject_key": subject_of(campaign.id)}
        ids = list(await session.scalars(text(_NEW), bound))
    chance = random.Random(20261129)

    async def work() -> None:
        for _ in range(30):
            some, end = sorted(chance.sample(ids, 12)), chance.choice(_ENDS)
            at, fails = clock() + chance.randrange(300) * SECOND, chance.random() < 0.2
            try:
                async with database.unit_of_work() as session:
                    await session.execute(
                        text("SELECT FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE"), {"ids": some}
                    )
                    await change(session, some, end, at)
                    if fails:
                        raise LookupError
            except LookupError:
                pass

    async def sum_up() -> None:
        for minutes in range(60):
            async with database.unit_of_work() as session:
                await CountsRepository(session).sum_up([campaign.id], clock() + timedelta(seconds=10 * minutes))
            async with database.read() as session:
                found = (await CountsReader(session).of([campaign.id]))[campaign.id]
            assert 0 <= found.ended <= len(ids)

    await asyncio.gather(*(work() for _ in range(3)), sum_up(), sum_up())

    async with database.unit_of_work() as session:
        await agree(session, campaign)
