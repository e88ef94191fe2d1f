"""Stopping and going on while steps are under way: whatever comes first, nobody is asked for twice, and nobody is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifications import deps
from services.notifications.campaigns.models import Campaign
from services.notifications.campaigns.repository import CampaignReader
from services.notifications.campaigns.service import CampaignChanges
from services.notifications.tests.campaigns.arrange import (
    ASHA,
    changes_of,
    know_customers,
    offer,
    publish_offer,
    running,
)
from shared.contracts.notifications import AdvanceCampaign, SendTemplatedEmail
from shared.runtime.db import Database
from shared.testing.clock import FrozenClock
from shared.testing.messages import published

pytestmark = pytest.mark.commits
PEOPLE = 60


@asynccontextmanager
async def changing(database: Database, clock: FrozenClock) -> AsyncIterator[CampaignChanges]:
    async with database.unit_of_work() as session:
        yield changes_of(session, clock)


@pytest.fixture
async def campaign(database: Database, clock: FrozenClock) -> Campaign:
    """One that sends to ten a step."""
    async with database.unit_of_work() as session:
        await know_customers(session, PEOPLE)
        await publish_offer(session)
        return await running(session, clock, per_minute=60)


async def now(database: Database, campaign_id: UUID) -> Campaign:
    async with database.read() as session:
        found = await CampaignReader(session).find(campaign_id, None)
    assert found is not None, "campaigns are not removed"
    return found


async def take_all(database: Database, clock: FrozenClock, campaign_id: UUID) -> None:
    """Deliver the newest six steps that were asked for, all at once, as a broker that repeats everything would."""

    async def take(message: AdvanceCampaign) -> None:
        async with database.unit_of_work() as session:
            await deps.campaign_steps(session, clock).take([message])

    clock.advance(timedelta(seconds=10))
    asked = [one for one in await published(database, AdvanceCampaign) if one.campaign_id == campaign_id]
    newest = sorted(asked, key=lambda one: one.step)[-6:]
    await asyncio.gather(*(take(one) for one in newest))


async def test_pausing_and_resuming_beside_steps_loses_nobody_and_asks_for_nobody_twice(
    database: Database, clock: FrozenClock, campaign: Campaign
) -> None:
    async def act(action: Callable[[CampaignChanges], Awaitable[Any]]) -> None:
        async with changing(database, clock) as changes:
            await action(changes)

    for _ in range(4):
        await asyncio.gather(
            take_all(database, clock, campaign.id), act(lambda changes: changes.pause(ASHA, campaign.id, "wait"))
        )
        await asyncio.gather(take_all(database, clock, campaign.id), act(lambda changes: changes.resume(ASHA, campaign.id)))
    while (await now(database, campaign.id)).queued < PEOPLE:
        before = (await now(database, campaign.id)).step
        await take_all(database, clock, campaign.id)
        assert (await now(database, campaign.id)).step > before, "the campaign has come to a standstill"

    sent = [one.to_person or "" for one in await published(database, SendTemplatedEmail)]
    assert sorted(sent) == sorted({f"payments.customer:{number}" for number in range(1, PEOPLE + 1)})


async def test_cancelling_beside_a_step_ends_it_for_good(database: Database, clock: FrozenClock, campaign: Campaign) -> None:
    async def cancel() -> None:
        async with changing(database, clock) as changes:
            await changes.cancel(ASHA, campaign.id, "over")

    await asyncio.gather(take_all(database, clock, campaign.id), cancel())
    await take_all(database, clock, campaign.id)

    ended = await now(database, campaign.id)
    assert (ended.status, ended.queued in (0, 10)) == ("cancelled", True)
    assert len(await published(database, SendTemplatedEmail)) == ended.queued


async def test_of_two_who_start_it_at_once_one_settles_the_recipients(database: Database, clock: FrozenClock) -> None:
    async with database.unit_of_work() as session:
        await know_customers(session, 3)
        await publish_offer(session)
        draft = await changes_of(session, clock).create(ASHA, offer())

    async def start() -> int:
        async with changing(database, clock) as changes:
            return (await changes.start(ASHA, draft.id)).total

    assert await asyncio.gather(*(start() for _ in range(4))) == [3] * 4
    assert len(await published(database, AdvanceCampaign)) == 1
