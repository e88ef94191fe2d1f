"""Rendering beside the event loop, a slice at a time."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import pytest

from services.notifications.templates import rendering_thread
from services.notifications.templates.rendering_thread import in_slices, in_thread


def busy(for_s: float, name: str, order: list[str]) -> str:
    """Work that holds the processor."""
    until = time.thread_time() + for_s
    while time.thread_time() < until:
        pass
    order.append(name)
    return name


async def test_loop_goes_on_while_templates_are_rendered() -> None:
    rendering = [asyncio.create_task(in_thread(partial(busy, 0.3, "a", []))) for _ in range(3)]
    longest_s, before = 0.0, time.perf_counter()
    while not all(one.done() for one in rendering):
        await asyncio.sleep(0.001)
        longest_s, before = max(longest_s, time.perf_counter() - before), time.perf_counter()

    assert longest_s < 0.2


async def test_slow_batch_lets_another_one_in_between() -> None:
    order: list[str] = []
    slow = {number: partial(busy, 0.1, f"slow {number}", order) for number in range(5)}
    first = asyncio.create_task(in_slices(slow, 10))
    await asyncio.sleep(0.02)
    await in_slices({"urgent": partial(busy, 0.001, "urgent", order)}, 10)
    urgent_at = order.index("urgent")
    await first

    assert urgent_at <= 2
    assert [one for one in order if one != "urgent"] == [f"slow {number}" for number in range(5)]


async def test_jobs_that_there_is_no_time_for_are_missing_and_the_first_slice_is_always_made() -> None:
    jobs: dict[int, Callable[[], str]] = {number: partial(busy, 0.06, str(number), []) for number in range(10)}

    assert await in_slices(jobs, 0.01) == {0: "0"}
    assert await in_slices({}, 0.01) == {}


async def test_quick_jobs_share_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering_thread, "SLICE_S", 60.0)
    jobs: dict[int, Callable[[], int]] = {number: partial(int, number) for number in range(500)}

    assert await in_slices(jobs, 0.05) == {number: number for number in range(500)}
