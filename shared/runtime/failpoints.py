"""Places where the fault suite may kill, stop, delay or break a process. Inert unless WAYBILL_FAILPOINTS is set.

WAYBILL_FAILPOINTS is `name=action[:probability][,name=action…]`, action one of kill, stop, raise, sleep<seconds>;
WAYBILL_FAILPOINT_SEED makes the draws repeatable; WAYBILL_FAILPOINT_ONCE names a folder in which each firing
leaves a file, and a failpoint whose file is there does not fire again. WAYBILL_MUTANT switches one guarantee
off, so that the suite can show that it would notice: inbox, receipts or fence.
"""

import os
import random
import signal
import time
from pathlib import Path

_rules: dict[str, tuple[str, float]] = {}
_mutants = frozenset(filter(None, os.environ.get("WAYBILL_MUTANT", "").split(",")))
_once = os.environ.get("WAYBILL_FAILPOINT_ONCE")
_draw = random.Random(f"{os.environ.get('WAYBILL_FAILPOINT_SEED', '')}:{os.getpid()}")

for _rule in filter(None, os.environ.get("WAYBILL_FAILPOINTS", "").split(",")):
    _name, _, _action = _rule.partition("=")
    _verb, _, _chance = _action.partition(":")
    _rules[_name] = (_verb, float(_chance or 1))


class FailpointError(RuntimeError):
    """Raised by a failpoint whose action is `raise`."""


def failpoint(name: str) -> None:
    """Do here what the fault suite asked for; nothing in production."""
    if _rules and name in _rules:
        _fire(name, *_rules[name])


def mutated(guarantee: str) -> bool:
    """Whether a mutant run has switched the guarantee off."""
    return guarantee in _mutants


def _fire(name: str, action: str, chance: float) -> None:
    if _draw.random() >= chance:
        return
    if _once is not None:
        try:
            Path(_once, name).touch(exist_ok=False)
        except FileExistsError:
            return
    if action == "raise":
        raise FailpointError(name)
    if action.startswith("sleep"):
        time.sleep(float(action.removeprefix("sleep")))
        return
    os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)
