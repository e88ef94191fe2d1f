"""What the lists of everything received share: the core of a request, and waiting for a number of entries."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from deploy.sandbox.entries import Criteria
from deploy.sandbox.provider import Core

# While entries pour in, a waiting test counts them at most this often.
_RECOUNT_S = 0.02


def _core(request: Request) -> Core:
    core = request.app.state.core
    assert isinstance(core, Core)
    return core


CoreParam = Annotated[Core, Depends(_core)]


async def reach(core: Core, criteria: Criteria, wanted: int, seconds: float) -> int:
    """How many entries are meant, as soon as there are so many as wanted, or at the end of the time."""
    return await reach_count(core, lambda: core.ledger.count(criteria), wanted, seconds)


async def reach_count(core: Core, counted: Callable[[], int], wanted: int, seconds: float) -> int:
    """The same for whatever else is counted."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        revision, count = core.changes.revision, counted()
        left = deadline - loop.time()
        if count >= wanted or left <= 0 or core.changes.closed:
            return count
        if await core.changes.wait(revision, left):
            await asyncio.sleep(min(_RECOUNT_S, max(0.0, deadline - loop.time())))
