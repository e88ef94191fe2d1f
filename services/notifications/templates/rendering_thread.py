"""Where templates are rendered: in one thread of the process beside its event loop, a slice at a time.

One, because rendering holds the interpreter and more threads would only keep the loop waiting longer for its turn. In slices,
so that a batch of slow templates does not keep another batch, or another request, waiting for all of it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

SLICE_S: Final = 0.05
"""Many ordinary mails, or one that is slow. What it costs to hand over a slice, a tenth of a millisecond, is lost in it."""

_thread: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rendering")


async def in_thread(make: Callable[[], V]) -> V:
    """What this makes. Raises what it raises."""
    return await asyncio.get_running_loop().run_in_executor(_thread, make)


async def in_slices(jobs: Mapping[K, Callable[[], V]], within_s: float) -> dict[K, V]:
    """What the jobs make, in their order; those that there is no time for are missing. Raises what one of them raises."""
    waiting, made = list(jobs.items()), dict[K, V]()
    deadline = time.monotonic() + within_s
    while len(made) < len(waiting) and time.monotonic() < deadline:
        rest = waiting[len(made) :]
        made.update(await in_thread(partial(_slice, rest)))
    return made


def _slice(waiting: Sequence[tuple[K, Callable[[], V]]]) -> dict[K, V]:
    until = time.monotonic() + SLICE_S
    made: dict[K, V] = {}
    for key, make in waiting:
        made[key] = make()
        if time.monotonic() > until:
            break
    return made
