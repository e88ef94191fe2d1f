"""Waking the relay after a commit."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from shared.runtime import broker
from shared.testing.wait import eventually


@pytest_asyncio.fixture
async def hints(redis: Redis) -> AsyncIterator[PubSub]:
    async with redis.pubsub(ignore_subscribe_messages=True) as listening:
        await listening.subscribe(broker.hint_channel("trips"))
        await listening.get_message(timeout=1)
        yield listening


async def _heard(hints: PubSub) -> int:
    count = 0
    while await hints.get_message(timeout=0.1) is not None:
        count += 1
    return count


async def test_many_commits_within_a_moment_are_two_hints(redis: Redis, hints: PubSub) -> None:
    hint = broker.Hint(redis, "trips")

    for _ in range(50):
        await hint()
    first = await hints.get_message(timeout=1)
    await hint()

    assert first is not None
    assert await _heard(hints) == 1


async def test_a_commit_while_a_hint_is_on_its_way_causes_another(redis: Redis, hints: PubSub) -> None:
    hint = broker.Hint(redis, "trips")
    await hint()
    # One turn of the loop: the first hint is being sent, and its relay may look before what is committed now.
    await asyncio.sleep(0)
    await hint()

    await eventually(lambda: _count(hints, 2), 2, "the second commit woke nobody")


async def _count(hints: PubSub, wanted: int) -> bool:
    return await _heard(hints) >= wanted


async def test_a_hint_that_waits_for_its_turn_goes_out_before_the_loop_stands_still(redis: Redis, hints: PubSub) -> None:
    hint = broker.Hint(redis, "trips")
    await hint()
    await hint.flush()
    await hint()
    await asyncio.wait_for(hint.flush(), broker.HINT_INTERVAL_S * 0.9)

    assert await _heard(hints) == 2


async def test_a_broker_that_is_away_keeps_no_committer_waiting() -> None:
    async with broker.connect("redis://127.0.0.1:1/0", name="test") as nowhere:
        hint = broker.Hint(nowhere, "trips")
        await hint()
        await hint.flush()
