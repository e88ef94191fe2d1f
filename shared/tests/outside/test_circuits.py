"""Breakers over a real Redis: what one process has met, the others know."""

from redis.asyncio import Redis

from shared.runtime.broker import connect
from shared.runtime.outside.circuits import FAILING_S, LEAST_RETRIES, MIN_CALLS, REFUSED, SLOW_S, Circuits, Finding

AWAY = Finding(failed=True, closes_s=15.0, why="away")
LATER = Finding(failed=True)
TAKEN = Finding(failed=False)


def process(redis: Redis) -> Circuits:
    return Circuits(redis, "notifications")


async def report(circuits: Circuits, *findings: Finding) -> None:
    for finding in findings:
        await circuits.report("smtp", finding)
    await circuits.flush()


async def test_account_that_says_so_is_closed_for_all_processes(redis: Redis) -> None:
    one, other = process(redis), process(redis)
    await report(one, AWAY)
    await other.refresh(["smtp", "ses"])

    assert 14 < one.standing("smtp").closed_s <= 15
    assert 14 < other.standing("smtp").closed_s <= 15
    assert other.standing("ses").closed_s == 0.0


async def test_refused_login_is_told_as_such(redis: Redis) -> None:
    one, other = process(redis), process(redis)
    await report(one, Finding(failed=True, closes_s=300.0, why=REFUSED))
    await other.refresh(["smtp"])

    assert (one.standing("smtp").refuses_us, other.standing("smtp").refuses_us) == (True, True)


async def test_account_of_which_half_fails_closes_once_enough_is_known(redis: Redis) -> None:
    one, other = process(redis), process(redis)
    await report(one, *[TAKEN, LATER] * (MIN_CALLS // 2 - 1))
    assert one.standing("smtp").closed_s == 0.0

    await report(other, TAKEN, LATER)
    await one.refresh(["smtp"])

    assert 0 < other.standing("smtp").closed_s <= FAILING_S
    assert 0 < one.standing("smtp").closed_s <= FAILING_S


async def test_what_fails_is_left_alone_for_as_long_as_timers_are_shrunk_to(redis: Redis) -> None:
    circuits = Circuits(redis, "notifications", time_factor=0.1)
    await report(circuits, *[LATER] * MIN_CALLS)

    assert 0 < circuits.standing("smtp").closed_s <= 0.1 * FAILING_S


async def test_few_failures_among_many_close_nothing(redis: Redis) -> None:
    circuits = process(redis)
    await report(circuits, *[TAKEN] * 30, *[LATER] * (MIN_CALLS - 1))

    assert circuits.standing("smtp").closed_s == 0.0


async def test_ten_failures_in_a_row_close_whatever_went_well_before(redis: Redis) -> None:
    one, other = process(redis), process(redis)
    await report(one, *[TAKEN] * 5000)
    await report(one, *[LATER] * (MIN_CALLS - 1), TAKEN, *[LATER] * (MIN_CALLS - 1))
    before = one.standing("smtp").closed_s
    await report(other, LATER)

    assert (before, 0 < other.standing("smtp").closed_s <= FAILING_S) == (0.0, True)


async def test_account_that_takes_long_fails_even_if_it_takes_all(redis: Redis) -> None:
    circuits = process(redis)
    for _ in range(MIN_CALLS):
        await circuits.report("smtp", Finding(failed=False, took_s=SLOW_S + 1))

    assert 0 < circuits.standing("smtp").closed_s <= FAILING_S


async def test_what_went_well_is_told_without_waiting_for_a_failure(redis: Redis) -> None:
    circuits = process(redis)
    await circuits.report("smtp", TAKEN)

    assert await redis.hget("providers:notifications:circuit:smtp", "calls") in (b"1", "1")


async def test_looking_at_one_account_leaves_the_others_to_be_looked_at(redis: Redis) -> None:
    one, other = process(redis), process(redis)
    await other.refresh(["smtp"])
    await one.report("ses", AWAY)
    await other.refresh(["smtp", "ses"])

    assert 14 < other.standing("ses").closed_s <= 15


async def test_account_that_is_closed_for_long_is_remembered_for_as_long(redis: Redis) -> None:
    await report(process(redis), Finding(failed=True, closes_s=3600.0, why="throttled"))

    assert await redis.ttl("providers:notifications:circuit:smtp") > 3600


async def test_probe_that_fails_closes_again_for_twice_as_long_and_one_that_succeeds_opens(redis: Redis) -> None:
    circuits = process(redis)
    await report(circuits, *[LATER] * MIN_CALLS)
    await reopen(redis)
    await report(circuits, LATER)
    assert FAILING_S < circuits.standing("smtp").closed_s <= 2 * FAILING_S

    await reopen(redis)
    await report(circuits, TAKEN)
    await report(circuits, *[LATER] * (MIN_CALLS // 2 - 1))
    assert circuits.standing("smtp").closed_s == 0.0


async def test_retries_are_a_tenth_of_all_calls_and_ten_over_all_processes(redis: Redis) -> None:
    one, other = process(redis), process(redis)
    await report(one, *[TAKEN] * 50)
    taken = [await circuits.take_retry("smtp") for circuits in (one, other) * LEAST_RETRIES]

    assert (taken.count(True), taken[:15].count(True)) == (15, 15)
    assert await other.take_retry("ses")


async def test_budget_of_retries_begins_anew_with_the_next_minute(redis: Redis) -> None:
    circuits = process(redis)
    assert [await circuits.take_retry("smtp") for _ in range(LEAST_RETRIES + 1)] == [True] * LEAST_RETRIES + [False]

    await redis.hset("providers:notifications:circuit:smtp", "window", 1)
    await report(circuits, TAKEN)
    assert await circuits.take_retry("smtp")
    await redis.hset("providers:notifications:circuit:smtp", "window", 1)
    assert await circuits.take_retry("smtp")


async def test_nothing_is_retried_while_nobody_counts() -> None:
    nowhere = connect("redis://127.0.0.1:1/0", name="test")

    assert not await Circuits(nowhere, "notifications").take_retry("smtp")
    await nowhere.aclose()


async def test_process_without_redis_knows_what_it_has_met_itself() -> None:
    nowhere = connect("redis://127.0.0.1:1/0", name="test")
    circuits = Circuits(nowhere, "notifications")
    await report(circuits, AWAY, TAKEN)
    await circuits.refresh(["smtp"])

    assert 14 < circuits.standing("smtp").closed_s <= 15
    await nowhere.aclose()


async def reopen(redis: Redis) -> None:
    """Let the time of a closed account be over."""
    await redis.hset("providers:notifications:circuit:smtp", "until", 1)
