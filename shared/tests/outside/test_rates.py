"""Buckets over a real Redis, shared by all processes."""

from redis.asyncio import Redis

from shared.runtime.broker import connect
from shared.runtime.outside.rates import Rates


async def taken(rates: Rates, times: int, *, urgent: bool, per_s: float = 20.0) -> int:
    """How many of so many messages find a place at once."""
    return sum([await rates.wait_s("smtp", per_s, urgent=urgent) == 0.0 for _ in range(times)])


async def test_second_is_given_at_once_and_then_the_rate_holds(redis: Redis) -> None:
    one, other = Rates(redis, "notifications"), Rates(redis, "notifications")

    at_once = await taken(one, 15, urgent=True) + await taken(other, 15, urgent=True)

    # While the thirty are asked for, one or two more places may come up.
    assert 20 <= at_once <= 22
    assert 0 < await one.wait_s("smtp", 20.0, urgent=True) <= 0.05


async def test_last_tenth_is_kept_for_urgent_messages(redis: Redis) -> None:
    rates = Rates(redis, "notifications")

    bulk = await taken(rates, 40, urgent=False, per_s=20.0)

    assert 18 <= bulk <= 20
    assert await rates.wait_s("smtp", 20.0, urgent=False) > 0
    assert await rates.wait_s("smtp", 20.0, urgent=True) == 0.0


async def test_slowest_rate_still_lets_one_through(redis: Redis) -> None:
    rates = Rates(redis, "notifications")

    assert await rates.wait_s("smtp", 0.1, urgent=False) == 0.0
    assert 9 < await rates.wait_s("smtp", 0.1, urgent=False) <= 10


async def test_nothing_is_held_back_while_redis_is_away() -> None:
    nowhere = connect("redis://127.0.0.1:1/0", name="test")
    rates = Rates(nowhere, "notifications")

    assert await taken(rates, 5, urgent=False, per_s=1.0) == 5
    await nowhere.aclose()
