"""The failpoints that the code has, found in its source, so that a new one is tried without being listed anywhere."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from shared.runtime.settings import ROOT

_SEARCHED: Final = ("shared/runtime", "services")


@cache
def failpoints() -> dict[str, frozenset[str]]:
    """Every name given to `failpoint(...)`, sorted, with the stems of the files that pass it.

    Raises ValueError for a name that is no constant.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for folder in _SEARCHED:
        for file in (ROOT / folder).rglob("*.py"):
            for name in _in(file):
                found[name].add(file.stem)
    return {name: frozenset(found[name]) for name in sorted(found)}


def of_relay() -> tuple[str, ...]:
    """Those that a relay passes."""
    return tuple(name for name in failpoints() if name.startswith("relay."))


def of_worker() -> tuple[str, ...]:
    """Those that any worker's child passes, whatever its service does."""
    return tuple(name for name in failpoints() if name.startswith(("worker.", "effect.")))


def of_evaluation() -> tuple[str, ...]:
    """Those that the child of alerts' worker passes during a run."""
    return tuple(name for name in failpoints() if name.startswith("evaluation."))


def of_sending() -> tuple[str, ...]:
    """Those that a child passes with mails under way, besides those of any effect."""
    return tuple(name for name in failpoints() if name.startswith(("batch.", "provider.")))


def of_campaign_steps() -> tuple[str, ...]:
    """Those that a child passes that carries a campaign on."""
    return tuple(name for name in failpoints() if name.startswith("campaign."))


def of_callbacks() -> tuple[str, ...]:
    """Those that a child passes that applies what providers have reported."""
    return tuple(name for name in failpoints() if name.startswith("callbacks."))


def of_payments() -> tuple[str, ...]:
    """Those that a child passes around a call of a payment gateway."""
    return tuple(name for name in failpoints() if name.startswith("payments."))


def of_api() -> tuple[str, ...]:
    """Those that an API passes with a request that writes."""
    return tuple(name for name in failpoints() if name.startswith("api."))


def of_effects() -> tuple[str, ...]:
    """Those that a worker's child passes with an effect in hand."""
    return tuple(name for name in of_worker() if failpoints()[name] != {"light"})


def of_light() -> tuple[str, ...]:
    """Those that a worker's child passes with a light message in hand."""
    return tuple(name for name in of_worker() if failpoints()[name] != {"effect"})


def _in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
            name = node.args[0]
            if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
                raise ValueError(f"{file}:{node.lineno}: a failpoint's name is a constant, or the fault suite cannot find it")
            yield name.value


class Trap:
    """Failpoints of a process that fire once each time they are set.

    A failpoint leaves a file when it fires and does not fire while the file is there; setting it removes the file. A new
    trap is not set.
    """

    def __init__(self, folder: Path, action: str, *names: str) -> None:
        self.names = names
        self._action = action
        self._folder = folder / f"trap-{action}"
        self._folder.mkdir(exist_ok=True)
        for name in names:
            (self._folder / name).touch()

    def environment(self) -> dict[str, str]:
        """What the process must be started with."""
        rules = ",".join(f"{name}={self._action}" for name in self.names)
        return {"WAYBILL_FAILPOINTS": rules, "WAYBILL_FAILPOINT_ONCE": str(self._folder)}

    def set(self, name: str) -> None:
        """Let the failpoint fire at its next passing."""
        (self._folder / name).unlink(missing_ok=True)

    def fired(self, name: str) -> bool:
        """Whether it has fired since it was set."""
        return (self._folder / name).exists()
