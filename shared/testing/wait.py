"""Waiting for a condition, with a deadline and a failure that tells what was seen last."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], timeout_s: float = ..., message: str = ..., *, every_s: float = ...
) -> T: ...
@overload
async def eventually(condition: Callable[[], T], timeout_s: float = ..., message: str = ..., *, every_s: float = ...) -> T: ...
async def eventually(
    condition: Callable[[], Any],
    timeout_s: float = 10,
    message: str = "the condition did not come true",
    *,
    every_s: float = 0.02,
) -> Any:
    """Call `condition` until it returns something true, and return that.

    The condition may be a coroutine function, and may fail with AssertionError while it is not met yet.
    After `timeout_s` seconds: AssertionError with `message` and what the last call returned or raised.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            value = condition()
            if inspect.isawaitable(value):
                value = await value
            if value:
                return value
            seen = f"last seen: {value!r}"
        except AssertionError as error:
            seen = f"last seen: {error}"
        if time.monotonic() >= deadline:
            raise AssertionError(f"{message}: not within {timeout_s:g} s; {seen}")
        await asyncio.sleep(every_s)
