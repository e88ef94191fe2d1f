"""Workers beside the stack's own, by how urgent their lanes are. The stack's keeper keeps them until they are stopped, or it is.

run/workers/<name>.conf    a section of supervisor's configuration for each
"""

import contextlib
import time
import xmlrpc.client
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local import readiness
from deploy.local.failures import StackError, explain
from deploy.local.home import Home, write_private
from deploy.local.programs import WORKER_BEREFT, Program, worker_command
from deploy.local.supervisor import Supervisor, program_section
from deploy.local.worker_types import RANKS, lanes_of_type
from shared.contracts.lanes import SERVICES

TRIES: Final = 3
"""A worker that ends so often within STEADY_S of its start is in a crash loop, and stays down until somebody looks."""
STEADY_S: Final = 60
_ENDED: Final = ("FATAL", "EXITED", "STOPPED")
_READY_S: Final = 120
_POLL_S: Final = 0.2
_STOP_S: Final = 90


@dataclass(frozen=True, slots=True)
class ExtraWorker:
    """A worker of a service for the lanes of a type. options: further arguments of Celery's worker."""

    service: str
    type: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.service}-{self.type}-worker"

    @property
    def lanes(self) -> tuple[str, ...]:
        """What it takes from."""
        return tuple(lanes_of_type(self.service, self.type))

    def program(self, home: Home) -> Program:
        """As the keeper runs it, a group of its own."""
        heartbeat = home.heartbeat(self.name)
        return Program(
            self.name,
            "worker",
            (*worker_command(self.service), "-n", f"{self.service}-{self.type}@%h", "-Q", ",".join(self.lanes), *self.options),
            lanes=self.lanes,
            stop_s=30,
            bereft=WORKER_BEREFT,
            heartbeat=heartbeat,
            environment={"HEARTBEAT_FILE": str(heartbeat)},
            tries=TRIES,
            steady_s=STEADY_S,
            group=self.name,
        )


def chosen(services: Sequence[str], kind: str, options: tuple[str, ...] = ()) -> list[ExtraWorker]:
    """One for each of these services, of all that have such lanes where none is named. StackError where there is none."""
    if unknown := [service for service in services if service not in SERVICES]:
        raise StackError(f"There is no service called {unknown[0]}.", f"choose from {', '.join(SERVICES)}")
    found = []
    for service in services or SERVICES:
        try:
            lanes_of_type(service, kind)
        except StackError:
            if services or kind not in RANKS:
                raise
        else:
            found.append(ExtraWorker(service, kind, options))
    return found


def known(home: Home) -> list[ExtraWorker]:
    """Those that were started and not stopped."""
    names = {(service, kind): f"{service}-{kind}-worker" for service in SERVICES for kind in RANKS}
    return [ExtraWorker(*key) for key, name in names.items() if _section(home, name).exists()]


class ExtraWorkers:
    """Starts and stops them through the keeper of the stack, which must run."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._keeper = Supervisor(home)

    def start(self, workers: Iterable[ExtraWorker]) -> list[ExtraWorker]:
        """Start those that do not run yet, also such as were given up, and wait until each works; returns them. StackError where
        one ends at once."""
        started = {one.name for one in known(self._home)}
        ended = {name for name, info in self._keeper.processes().items() if info["statename"] in _ENDED}
        wanted = [one for one in workers if one.name not in started - ended]
        # Its section goes with it, for this time it may be wanted with other options.
        self.stop(one for one in wanted if one.name in started)
        began = time.time()
        for one in wanted:
            write_private(_section(self._home, one.name), program_section(self._home, one.program(self._home)))
        self._call("reloadConfig")
        for one in wanted:
            self._call("addProcessGroup", one.name)
            self._call("startProcess", f"{one.name}:{one.name}", False)
        try:
            self._await({one.name: one.program(self._home) for one in wanted}, began)
        except StackError:
            self.stop(wanted)
            raise
        return wanted

    def stop(self, workers: Iterable[ExtraWorker]) -> list[ExtraWorker]:
        """Have those that were started finish what they have in hand, all at once, and end; returns them."""
        started = {one.name for one in known(self._home)}
        wanted = [one for one in workers if one.name in started]
        for one in wanted:
            self._call("stopProcessGroup", one.name, False)
        deadline = time.monotonic() + _STOP_S
        names = {one.name for one in wanted}
        while time.monotonic() < deadline and any(
            name in names and int(info["pid"]) for name, info in self._keeper.processes().items()
        ):
            time.sleep(_POLL_S)
        for one in wanted:
            self._call("removeProcessGroup", one.name)
            _section(self._home, one.name).unlink(missing_ok=True)
        self._call("reloadConfig")
        return wanted

    def _await(self, waiting: dict[str, Program], began: float) -> None:
        deadline = time.monotonic() + _READY_S
        while waiting:
            lacking = readiness.all_of(waiting.values(), dict.fromkeys(waiting, began))
            states = self._keeper.processes()
            for name in list(waiting):
                log = self._home.log(name)
                if states[name]["statename"] == "FATAL":
                    raise explain(name, log, f"ends as soon as it starts, {TRIES} times in a row")
                if name not in lacking:
                    del waiting[name]
                elif time.monotonic() > deadline:
                    raise explain(name, log, f"is not ready after {_READY_S} s (waits for {lacking[name]})")
            time.sleep(_POLL_S)

    def _call(self, method: str, *arguments: Any) -> None:
        # Twice is as good as once: a group that is there, or a process that is up or down already.
        with contextlib.suppress(xmlrpc.client.Fault):
            self._keeper.call(method, *arguments)


def _section(home: Home, name: str) -> Path:
    return home.workers / f"{name}.conf"
