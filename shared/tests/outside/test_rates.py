"""Buckets over a real Redis, shared by all processes."""

import time

from redis.asyncio import Redis

from shared.runtime.broker import connect
from shared.runtime.outside.rates import Rates


async def taken(rates: Rates, times: int, *, urgent: bool, per_s: float = 20.0) -> int:
    """How many of so many messages find a place at once."""
    return sum([await rates.wait_s("smtp", per_s, urgent=urgent) == 0.0 for _ in range(times)])


async def first_wait_s(rates: Rates, *, urgent: bool, per_s: float = 20.0) -> float:
    """Ask until there is no place, and for how long that is."""
    while (wait_s := await rates.wait_s("smtp", per_s, urgent=urgent)) == 0.0:
        pass
    return wait_s


async def test_second_is_given_at_once_and_then_the_rate_holds(redis: Redis) -> None:
    one, other = Rates(redis, "notifications"), Rates(redis, "notifications")

    began = time.monotonic()
    at_once = await taken(one, 15, urgent=True) + await taken(other, 15, urgent=True)
    # While the thirty are asked for, more places come up.
    came_up = 20 * (time.monotonic() - began) + 1

    assert 20 <= at_once <= 20 + came_up
    assert 0 < await first_wait_s(one, urgent=True) <= 0.05


async def test_last_tenth_is_kept_for_urgent_messages(redis: Redis) -> None:
    rates = Rates(redis, "notifications")

    began = time.monotonic()
    bulk = await taken(rates, 40, urgent=False, per_s=20.0)
    came_up = 20 * (time.monotonic() - began) + 1

    assert 18 <= bulk <= 18 + came_up
    assert await first_wait_s(rates, urgent=False) > 0
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


async def test_account_that_was_given_too_much_gets_half_and_then_more_again_up_to_its_ceiling(redis: Redis) -> None:
    one, other = Rates(redis, "notifications"), Rates(redis, "notifications")
    assert await taken(one, 100, urgent=True, per_s=50.0) >= 50
    await one.slow("smtp", 50.0, rests_s=0.0)
    await other.slow("smtp", 50.0, rests_s=0.0)
    pace = "providers:notifications:rate:smtp:pace"

    halved = float(await redis.hget(pace, "per_s") or 0)
    # Ten seconds later, as Redis' clock has it.
    await redis.hset(pace, "since", str(1000 * time.time() - 10_000))
    await redis.delete("providers:notifications:rate:smtp")
    later = await taken(other, 60, urgent=True, per_s=50.0)
    await redis.hset(pace, "since", str(1000 * time.time() - 700_000))
    await redis.delete("providers:notifications:rate:smtp")
    in_the_end = await taken(one, 60, urgent=True, per_s=50.0)

    # Both refusals are of one moment. A second's 50 were too much; a sixtieth of that comes back each second.
    assert 25 <= halved <= 27
    assert halved + 7 <= later < 50
    assert in_the_end >= 50


async def test_account_grows_from_the_end_of_its_rest_and_not_while_it_is_closed(redis: Redis) -> None:
    rates = Rates(redis, "notifications")
    await taken(rates, 20, urgent=True, per_s=20.0)
    await rates.slow("smtp", 20.0, rests_s=3600.0)
    await redis.delete("providers:notifications:rate:smtp")

    assert 10 <= await taken(rates, 40, urgent=True, per_s=20.0) < 20


async def test_fast_account_is_asked_about_for_many_messages_at_once(redis: Redis) -> None:
    rates = Rates(redis, "notifications")
    asked = int((await redis.info("commandstats")).get("cmdstat_evalsha", {"calls": 0})["calls"])

    assert await taken(rates, 500, urgent=True, per_s=1000.0) == 500
    assert int((await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]) - asked <= 27
