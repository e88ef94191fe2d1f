"""What many callers write is written together, and each hears what became of its own."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.runtime.group_commit import Closing, GroupCommit, QueueFull


class Ledger:
    """Writes numbers, each answered with its tenfold; refuses negative ones. Held back until `free` is set."""

    def __init__(self) -> None:
        self.written: list[list[int]] = []
        self.outages = 0
        self.free = asyncio.Event()
        self.free.set()

    async def write(self, items: Sequence[int]) -> list[int]:
        await self.free.wait()
        if self.outages:
            self.outages -= 1
            raise ConnectionResetError("the database went away")
        if any(item < 0 for item in items):
            raise ValueError("there is a negative one")
        self.written.append(list(items))
        return [item * 10 for item in items]


def commits(ledger: Ledger, *, most: int = 10, capacity: int = 100) -> GroupCommit[int, int]:
    return GroupCommit(ledger.write, linger_s=0.01, most=most, capacity=capacity)


async def test_those_who_come_together_share_a_transaction_and_get_their_own_results() -> None:
    ledger = Ledger()
    group = commits(ledger)

    results = list(await asyncio.gather(group.submit([1, 2]), group.submit([3]), group.submit([])))

    assert (results, ledger.written, group.waiting) == ([[10, 20], [30], []], [[1, 2, 3]], 0)


async def test_a_write_that_fails_fails_exactly_its_caller() -> None:
    ledger = Ledger()
    group = commits(ledger)

    good, bad, other = await asyncio.gather(group.submit([1]), group.submit([2, -2]), group.submit([3]), return_exceptions=True)

    assert (good, str(bad), other) == ([10], "there is a negative one", [30])
    assert ledger.written == [[1], [3]]


async def test_an_outage_fails_all_who_waited_and_nobody_after() -> None:
    ledger = Ledger()
    ledger.outages = 1
    group = commits(ledger)

    failed = await asyncio.gather(group.submit([1]), group.submit([2]), return_exceptions=True)

    assert [type(one) for one in failed] == [ConnectionResetError] * 2
    assert await group.submit([3]) == [30]


async def test_what_is_too_much_for_one_transaction_is_several_and_one_caller_still() -> None:
    ledger = Ledger()

    assert await commits(ledger, most=2).submit([1, 2, 3, 4, 5]) == [10, 20, 30, 40, 50]
    assert ledger.written == [[1, 2], [3, 4], [5]]


async def test_more_than_may_wait_is_refused_and_one_large_request_is_not() -> None:
    ledger = Ledger()
    ledger.free.clear()
    group = commits(ledger, capacity=4)
    large = asyncio.create_task(group.submit(list(range(50))))
    await asyncio.sleep(0)

    with pytest.raises(QueueFull) as refused:
        await group.submit([1])
    ledger.free.set()

    assert refused.value.headers == {"Retry-After": "2"}
    assert len(await large) == 50


async def test_closing_writes_what_waits_and_takes_nothing_more() -> None:
    ledger = Ledger()
    group = commits(ledger)
    waiting = asyncio.create_task(group.submit([1]))
    await asyncio.sleep(0)

    await group.close()

    assert (await waiting, ledger.written) == ([10], [[1]])
    with pytest.raises(Closing):
        await group.submit([2])


async def test_whoever_goes_away_is_written_all_the_same() -> None:
    ledger = Ledger()
    ledger.free.clear()
    group = commits(ledger)
    gone, other = asyncio.create_task(group.submit([1])), asyncio.create_task(group.submit([2]))
    await asyncio.sleep(0)
    gone.cancel()
    ledger.free.set()

    assert (await other, ledger.written) == ([20], [[1, 2]])
