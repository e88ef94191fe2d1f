"""Answers in Redis: whose turn it is, what others take meanwhile, and what is never taken."""

import asyncio
import os
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from services.analytics.cached_answers.cache import KEPT_S, MOST_BYTES, MOST_BYTES_TOGETHER, VERSION, AnswerCache, Kept
from shared.runtime import broker
from shared.testing.clock import MONDAY_MORNING, FrozenClock


class Maker:
    """Works an answer out, slowly, and counts how often."""

    def __init__(self, body: bytes = b"[1]") -> None:
        self.body = body
        self.made = 0
        self.began, self.may_end = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> bytes:
        self.made += 1
        self.began.set()
        await self.may_end.wait()
        return self.body


@pytest.fixture
def cache(redis: Redis, clock: FrozenClock) -> AnswerCache:
    """An empty one."""
    return AnswerCache(redis, "analytics", "kpis", clock)


async def test_of_many_who_find_nothing_one_works_it_out_and_all_have_it(cache: AnswerCache) -> None:
    make = Maker()
    asking = [asyncio.create_task(cache.answer("q", "7.1", MONDAY_MORNING, make)) for _ in range(20)]
    await asyncio.sleep(0.1)
    make.may_end.set()
    found = await asyncio.gather(*asking)

    assert make.made == 1
    assert set(found) == {Kept("7.1", MONDAY_MORNING, MONDAY_MORNING, b"[1]")}
    assert await cache.answer("q", "7.1", None, make) == found[0]
    assert make.made == 1


async def test_while_one_works_it_out_anew_others_take_the_old_one_with_its_age(cache: AnswerCache, clock: FrozenClock) -> None:
    old = Kept("7.1", MONDAY_MORNING - timedelta(minutes=3), clock(), b"[1]")
    await cache.keep("q", old)
    clock.advance(timedelta(seconds=100))
    make = Maker(b"[2]")

    first = asyncio.create_task(cache.answer("q", "7.2", clock(), make))
    await make.began.wait()
    others = [await cache.answer("q", "7.2", clock(), make) for _ in range(3)]
    make.may_end.set()

    assert others == [old, old, old]
    assert (await first).body == b"[2]"
    assert ((await cache.answer("q", "7.2", clock(), make)).body, make.made) == (b"[2]", 1)


async def test_answer_that_is_too_old_is_taken_by_nobody(cache: AnswerCache, clock: FrozenClock) -> None:
    await cache.keep("q", Kept("7.1", None, clock(), b"[1]"))
    clock.advance(timedelta(seconds=121))
    first, second = Maker(b"[2]"), Maker(b"[3]")
    second.may_end.set()

    held = asyncio.create_task(cache.answer("q", "7.2", None, first))
    await first.began.wait()
    alone = await cache.answer("q", "7.2", None, second)
    first.may_end.set()

    assert (alone.body, (await held).body) == (b"[3]", b"[2]")


async def test_one_who_fails_gives_the_turn_back(cache: AnswerCache) -> None:
    async def fail() -> bytes:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await cache.answer("q", "7.1", None, fail)
    make = Maker()
    make.may_end.set()

    assert (await cache.answer("q", "7.1", None, make)).body == b"[1]"


async def test_without_redis_everybody_works_it_out(clock: FrozenClock) -> None:
    async with broker.connect("redis://127.0.0.1:1/0", name="test") as nobody:
        cache, make = AnswerCache(nobody, "analytics", "kpis", clock), Maker()
        make.may_end.set()
        found = [await cache.answer("q", "7.1", None, make) for _ in range(3)]

    assert ([one.body for one in found], make.made) == ([b"[1]"] * 3, 3)


async def test_what_is_large_or_was_never_ours_is_not_kept_or_taken(cache: AnswerCache, redis: Redis, clock: FrozenClock) -> None:
    await cache.keep("large", Kept("7.1", None, clock(), os.urandom(MOST_BYTES + 1)))
    await redis.set(f"cache:analytics:kpis:v{VERSION}:strange", b"\xff{")
    await redis.set(f"cache:analytics:kpis:v{VERSION}:half", b'{"generation":"7.1","as_of":null,"made_at":"2026-03-02"}\nx')

    assert [await cache.look(name) for name in ("large", "strange", "half")] == [None, None, None]
    assert sorted(await cache.names(clock())) == ["half", "large", "strange"]
    assert await cache.sweep(clock() + timedelta(seconds=1)) == 3


async def test_no_more_is_kept_than_the_broker_has_room_for(cache: AnswerCache, redis: Redis, clock: FrozenClock) -> None:
    first = Kept("7.1", None, clock(), b"[1]")
    await cache.keep("q", first)
    [counted] = [key async for key in redis.scan_iter("cache:analytics:kpis:*:bytes:*")]
    await redis.set(counted, MOST_BYTES_TOGETHER)
    await cache.keep("r", Kept("7.1", None, clock(), b"[2]"))
    kept_then = [await cache.look(name) for name in ("q", "r")]
    clock.advance(timedelta(seconds=KEPT_S))
    await cache.keep("r", later := Kept("7.1", None, clock(), b"[2]"))

    assert (kept_then, await cache.look("r")) == ([first, None], later)
