"""How many recipients a step of a campaign takes, and how long after it the next one comes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

STEP_SIZE: Final = 2000
STEPS_PER_MINUTE: Final = 6
MAX_BACKLOG: Final = 10_000
"""So many messages on the bulk lane are work enough for its workers; more would only make it harder to stop."""

BACKLOG_WAIT: Final = timedelta(seconds=2)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Pace:
    """size: of the step. wait: until the next one. is_share: whether the step is one of those that share out a minute's cap."""

    size: int
    wait: timedelta
    is_share: bool


def pace(per_minute: int | None, paced: int, backlog: int) -> Pace:
    """The pace of a campaign that has taken `paced` shares so far, while `backlog` messages wait for the lane.

    Any steps in a row that lie within a minute add up to the cap at most: what an outage has made late is not made good. Without
    a cap, steps follow one another as fast as the lane takes them.
    """
    if backlog >= MAX_BACKLOG:
        return Pace(0, BACKLOG_WAIT, is_share=False)
    if per_minute is None:
        return Pace(min(STEP_SIZE, MAX_BACKLOG - backlog), timedelta(0), is_share=False)
    shares = max(STEPS_PER_MINUTE, -(-per_minute // STEP_SIZE))
    size = per_minute * (paced + 1) // shares - per_minute * paced // shares
    return Pace(size, _MINUTE / shares, is_share=True)
