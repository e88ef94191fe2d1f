"""How much of a rate is used, in Redis and in a process of its own."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from shared.runtime.errors import TooManyRequests
from shared.runtime.http.rate_counts import OwnCounts, Rate, SharedCounts, Used
from shared.runtime.http.rate_limits import LET_IN_S, Limit, RateLimiter

DAY = 86_400


@pytest.fixture
def counts(redis: Redis) -> SharedCounts:
    """Those of the alerts service."""
    return SharedCounts(redis, "alerts")


@pytest.mark.parametrize(
    ("used", "left"),
    [
        (Used(True, 0, 0, 0.0), 100),
        (Used(True, 30, 40, 15.0), 40),
        (Used(True, 30, 40, 16.0), 40),
        (Used(True, 30, 40, 60.0), 70),
        (Used(False, 100, 0, 1.0), 0),
        (Used(False, 130, 40, 1.0), 0),
    ],
)
def test_the_window_before_wears_off_as_this_one_goes_on(used: Used, left: int) -> None:
    assert used.left(Rate(100, 60)) == left


@given(st.integers(1, 50), st.integers(0, 80), st.integers(0, 80), st.floats(0, 59.9))
def test_whoever_waits_as_long_as_is_said_is_let_in_and_not_before(amount: int, count: int, before: int, passed_s: float) -> None:
    rate, used = Rate(amount, 60), Used(False, count, before, passed_s)
    if before * (1 - passed_s / 60) + count + 1 <= amount:
        return
    wait_s = used.wait_s(rate)

    assert wait_s > 0
    assert _room(used, rate, wait_s + 1e-6) >= 0
    assert _room(used, rate, wait_s - 1e-3) < 0


def _room(used: Used, rate: Rate, after_s: float) -> float:
    """What is left beyond one more, after so many seconds in which nobody asks."""
    passed_s, count, before = used.passed_s + after_s, used.count, used.before
    if passed_s >= rate.window_s:
        passed_s, count, before = passed_s - rate.window_s, 0, count
    return rate.amount - 1 - before * (1 - passed_s / rate.window_s) - count


async def test_redis_counts_one_by_one_until_the_rate_is_used_up(counts: SharedCounts) -> None:
    used = [await counts.spend(("default", "ann"), Rate(2, DAY)) for _ in range(4)]

    assert [(each.allowed, each.count) for each in used] == [(True, 1), (True, 2), (False, 2), (False, 2)]


async def test_redis_takes_over_what_was_used_in_the_window_before_and_nothing_older(counts: SharedCounts, redis: Redis) -> None:
    number = int(time.time() / DAY)
    for who, behind in (("before", 1), ("older", 2), ("ahead", -1)):
        await redis.hset(f"ratelimit:alerts:default:{who}", mapping={"window": number - behind, "count": 7, "before": 3})

    used = {who: await counts.spend(("default", who), Rate(100, DAY)) for who in ("before", "older", "ahead")}

    assert {who: (each.count, each.before) for who, each in used.items()} == {"before": (1, 7), "older": (1, 0), "ahead": (1, 0)}


async def test_redis_forgets_whoever_has_not_asked_for_two_windows(counts: SharedCounts, redis: Redis) -> None:
    await counts.spend(("default", "ann"), Rate(2, 60))

    assert 0 < await redis.ttl("ratelimit:alerts:default:ann") <= 120


async def test_those_who_were_let_in_count_even_where_there_is_no_room(counts: SharedCounts) -> None:
    used = await counts.spend(("default", "ann"), Rate(5, DAY), spent=8)

    assert (used.allowed, used.count) == (False, 8)


def test_a_process_counts_as_redis_does() -> None:
    now = [1000.0 * DAY]
    counts = OwnCounts(lambda: now[0])

    first = [counts.spend(("default", "ann"), Rate(2, DAY)).allowed for _ in range(3)]
    now[0] += DAY
    second = counts.spend(("default", "ann"), Rate(2, DAY))
    now[0] += 3 * DAY
    third = counts.spend(("default", "ann"), Rate(2, DAY))

    assert first == [True, True, False]
    assert [(each.allowed, each.count, each.before) for each in (second, third)] == [(False, 0, 2), (True, 1, 0)]


async def test_a_caller_who_asks_often_is_let_in_without_a_question_to_redis(redis: Redis) -> None:
    limiter = RateLimiter(redis, "alerts", "600/day", clock=lambda: 0.0)
    headers = [await limiter.spend("ann") for _ in range(6)]

    assert [each["RateLimit"].split(";")[1] for each in headers] == [f"r={599 - place}" for place in range(6)]
    assert await redis.hget("ratelimit:alerts:default:ann", "count") == b"1"


async def test_whom_a_process_has_let_in_it_says_when_it_asks_next(redis: Redis) -> None:
    now = [0.0]
    limiter = RateLimiter(redis, "alerts", "600/day", clock=lambda: now[0])
    for _ in range(4):
        await limiter.spend("ann")
    now[0] += LET_IN_S
    await limiter.spend("ann")

    assert await redis.hget("ratelimit:alerts:default:ann", "count") == b"5"


async def test_ten_processes_together_let_in_what_one_would(redis: Redis) -> None:
    limiters = [RateLimiter(redis, "alerts", "997/day", clock=lambda: 0.0) for _ in range(10)]
    let_in = 0
    for place in range(1500):
        try:
            await limiters[place % 10].spend("ann")
        except TooManyRequests:
            continue
        let_in += 1

    assert let_in == 997


def test_a_rate_that_is_none_is_refused_where_it_is_written() -> None:
    for rate in ("", "many", "0/second", "5/fortnight", "5 per minute", "-1/minute"):
        with pytest.raises(ValueError, match="say how many per second, minute, hour, day"):
            Limit("odd", rate)
