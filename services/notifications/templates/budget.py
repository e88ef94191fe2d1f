"""What one rendering may spend, and for whom it is made.

A thread cannot be ended from outside, so whatever can repeat or grow asks here before it goes on. The time is the thread's
own processor time: a busy machine must not make a good mail fail.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

MAX_STEPS: Final = 100_000
MAX_CHARS: Final = 1_000_000
"""All texts together that a rendering builds on its way, so that variables cannot hoard memory."""
MAX_OUTPUT_CHARS: Final = 200_000
MAX_SECONDS: Final = 0.5
CHARS_PER_STEP: Final = 100
"""Going through so many characters takes as long as one turn of a loop."""


class BudgetExceeded(Exception):
    """The rendering asks for more than any mail needs; its text says what of."""


@dataclass(slots=True)
class Rendering:
    """One rendering. language: a BCP 47 tag that `formats` knows or falls back from.

    gsm: what filters make is to stay within the alphabet of SMS.
    """

    language: str
    zone: ZoneInfo
    gsm: bool = False
    steps: int = 0
    chars: int = 0
    until_s: float = field(default_factory=lambda: time.thread_time() + MAX_SECONDS)

    def step(self, cost: int = 1) -> None:
        """One turn of a loop, one comparison, one call of a filter; what goes through more than a value costs more."""
        self.steps += cost
        if self.steps > MAX_STEPS:
            raise BudgetExceeded(f"it takes more than {MAX_STEPS:,} steps; loop over less")
        if time.thread_time() > self.until_s:
            raise BudgetExceeded(f"it takes longer than {MAX_SECONDS} s; loop over less")

    def build(self, chars: int) -> None:
        """A text of this length comes into being."""
        self.chars += chars
        if chars > MAX_OUTPUT_CHARS or self.chars > MAX_CHARS:
            raise BudgetExceeded(f"it builds texts of more than {MAX_OUTPUT_CHARS:,} characters, or {MAX_CHARS:,} in all")


def extent(value: Any) -> int:
    """In steps, what it costs to go through a value: a text by its length, a list and an object by all that is in them.

    Counts no further than what is too much in any case.
    """
    total, waiting = 1, [value]
    while waiting and total <= MAX_STEPS:
        one = waiting.pop()
        if isinstance(one, str):
            total += len(one) // CHARS_PER_STEP
        elif isinstance(one, Mapping):
            total += len(one)
            waiting.extend(one.values())
        elif isinstance(one, list | tuple):
            total += len(one)
            waiting.extend(one)
    return total


_current: ContextVar[Rendering] = ContextVar("rendering")


def current() -> Rendering:
    """The rendering that this code runs for."""
    return _current.get()


@contextmanager
def spending(rendering: Rendering) -> Iterator[Rendering]:
    """For the length of the block, `current()` is this one."""
    token = _current.set(rendering)
    try:
        yield rendering
    finally:
        _current.reset(token)
