"""How many recipients a step of a campaign takes, and how long after it the next one comes.

A campaign without a cap begins with a trial: its first few hundred messages end before anybody else is asked for.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

STEP_SIZE: Final = 2000
STEPS_PER_MINUTE: Final = 6
MAX_BACKLOG: Final = 10_000
"""So many messages on the bulk lane are work enough for its workers; more would only make it harder to stop."""

TRIAL_SIZE: Final = 300
"""So many go ahead of a campaign without a cap, so that a bad list is known by them: three times what the rates need."""

TRIAL_WAIT: Final = timedelta(minutes=1)
"""So long what becomes of them is waited for, however slow the provider is and whatever quiet hours hold back."""

TRIAL_LOOK: Final = timedelta(seconds=1)
BACKLOG_WAIT: Final = timedelta(seconds=2)
_MINUTE: Final = timedelta(minutes=1)
LONGEST_SHARE: Final = _MINUTE / STEPS_PER_MINUTE
"""How far two steps lie apart that share out a minute's cap, at most."""


@dataclass(frozen=True, slots=True)
class Pace:
    """size: of the step. wait: until the next one. is_share: whether the step is one of those that share out a minute's cap."""

    size: int
    wait: timedelta
    is_share: bool


def is_trial(per_minute: int | None, total: int, queued: int) -> bool:
    """Whether a campaign has asked for nobody beyond its trial so far."""
    return per_minute is None and queued <= TRIAL_SIZE < total


def trial_room(queued: int, ended: int, since: timedelta) -> int | None:
    """How many more may be asked for during the trial; None once it is over.

    ended: of those that were asked for. since: the last one was. A few that a server has put off for later keep nobody waiting.
    """
    if queued == TRIAL_SIZE and (since >= TRIAL_WAIT or 10 * ended >= 9 * queued):
        return None
    return TRIAL_SIZE - queued


def pace(per_minute: int | None, paced: int, backlog: int) -> Pace:
    """The pace of a campaign that has taken `paced` shares so far, while `backlog` messages wait for the lane.

    Any steps in a row that lie within a minute add up to the cap at most: what an outage has made late is not made good. Without
    a cap, steps follow one another as fast as the lane takes them, once the trial is over.
    """
    if backlog >= MAX_BACKLOG:
        return Pace(0, BACKLOG_WAIT, is_share=False)
    if per_minute is None:
        return Pace(min(STEP_SIZE, MAX_BACKLOG - backlog), timedelta(0), is_share=False)
    shares = max(STEPS_PER_MINUTE, -(-per_minute // STEP_SIZE))
    size = per_minute * (paced + 1) // shares - per_minute * paced // shares
    return Pace(size, _MINUTE / shares, is_share=True)
