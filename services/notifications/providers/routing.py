"""Which account carries a message: the first choice, or another one where the first has failed it.

Urgent messages go to another account as soon as one has failed them. All others stay with the first until its tries are used
up, it has refused our login, or it has been closed for ten minutes: most outages are shorter, and a message that waits for the
account that its recipient knows arrives better than one that comes from elsewhere. What one account may have sent stays with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from services.notifications.providers.answers import Verdict
from shared.runtime.outside.circuits import Standing

PATIENCE_S: Final = 600.0
"""How long what is not urgent waits for a closed account while another one is open."""

_FAILED: Final = frozenset({Verdict.TRANSIENT, Verdict.THROTTLED, Verdict.UNKNOWN, Verdict.CONFIG, Verdict.SOFT_RECIPIENT})


class Ended(Protocol):
    """An attempt that has ended, with which verdict."""

    @property
    def verdict(self) -> str: ...


P = TypeVar("P", bound=Ended)


@dataclass(frozen=True, slots=True)
class Past:
    """An attempt of the same message that has ended."""

    account: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Choice:
    """account: by which it goes out now; None to wait for `wait_s`. others: whether yet another could carry it if this fails."""

    account: str | None
    wait_s: float = 0.0
    others: bool = False


def choose(standings: Sequence[Standing], past: Sequence[Past], *, urgent: bool, max_retries: int) -> Choice:
    """The account for the next attempt. standings: the first choice in front; at least one."""
    unknown = None if urgent else next(reversed(of_unknown_fate(past)), None)
    if unknown is not None:
        # Another account would send what this one may have sent, so it is waited for however long that takes, whatever this one
        # has said to later tries.
        own = next((one for one in standings if one.name == unknown.account), None)
        if own is not None:
            return Choice(own.name) if own.closed_s <= 0 else Choice(None, own.closed_s)
    has_failed = {one.account for one in past if one.verdict in _FAILED}
    done_with = has_failed if urgent else {name for name in has_failed if _is_done_with(name, past, max_retries)}
    fresh = [one for one in standings if one.name not in done_with] or list(standings)
    open_ones = [one for one in fresh if one.closed_s <= 0]
    if open_ones:
        first = fresh[0]
        chosen = first if first.closed_s <= 0 else open_ones[0]
        if chosen is first or urgent or _is_given_up(first):
            others = any(one.name not in done_with and one.name != chosen.name for one in standings)
            return Choice(chosen.name, others=others)
        return Choice(None, min(first.closed_s, max(0.0, PATIENCE_S - first.closed_since_s)))
    # Those that have failed this message are better than none, where they are open and it cannot wait.
    if urgent and (again := next((one for one in standings if one.closed_s <= 0), None)):
        return Choice(again.name)
    return Choice(None, min(one.closed_s for one in fresh))


def of_unknown_fate(past: Sequence[P]) -> Sequence[P]:
    """The attempts that may have sent the message without anybody knowing. An attempt that was taken has settled those before."""
    taken = max((place for place, one in enumerate(past, 1) if one.verdict == Verdict.ACCEPTED), default=0)
    return [one for one in past[taken:] if one.verdict == Verdict.UNKNOWN]


def _is_given_up(closed: Standing) -> bool:
    return closed.refuses_us or closed.closed_since_s >= PATIENCE_S


def _is_done_with(name: str, past: Sequence[Past], max_retries: int) -> bool:
    """Whether an account's last try for a message that can wait has been made."""
    own = [one.verdict for one in past if one.account == name]
    is_first = past[0].account == name
    if own[-1] is Verdict.CONFIG:
        return True
    if own[-1] is not Verdict.TRANSIENT:
        return False
    return own.count(Verdict.TRANSIENT) > (max_retries if is_first else 0)
