"""What runs, how well, and what it costs: one row per process of the stack."""

import contextlib
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import psutil

from deploy.local import readiness
from deploy.local.programs import Program
from deploy.local.stack import Stack
from deploy.local.state import State
from deploy.local.supervisor import KEEPER

MB = 1024 * 1024
_UNKNOWN = {"statename": "UNKNOWN", "pid": 0, "start": 0, "now": 0}


@dataclass(frozen=True)
class ProcessStatus:
    """One process with its children.

    state: ready, starting, not-ready, backoff, stopping, stopped, exited, fatal,
    unknown. waits_for: what it lacks, for people.
    rss_mb counts shared pages in every process that has them, pss_mb (Linux) shares them out. cpu_percent of one core.
    """

    name: str
    kind: str
    state: str
    pid: int | None
    url: str | None
    uptime_s: int = 0
    waits_for: str | None = None
    rss_mb: float = 0.0
    pss_mb: float = 0.0
    cpu_percent: float = 0.0


@dataclass(frozen=True)
class StackStatus:
    """The stack as a whole; `ready` when every process is."""

    running: bool
    ready: bool
    home: str
    pss_mb: float
    cpu_percent: float
    processes: list[ProcessStatus]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def stack_status(stack: Stack, *, interval_s: float = 0.5) -> StackStatus:
    """Look at everything; CPU is measured over `interval_s`."""
    programs = stack.programs()
    if not stack.is_running():
        rows = [ProcessStatus(program.name, program.kind, "stopped", None, program.url) for program in programs]
        return StackStatus(False, False, str(stack.home.path), 0.0, 0.0, rows)
    # A checkout that is newer than the running stack may have processes that its keeper has never heard of.
    known = {program.name: _UNKNOWN for program in programs} | stack.supervisor.processes()
    usage = _Usage([int(known[program.name]["pid"]) for program in programs] + [State.load(stack.home).supervisor_pid])
    usage.measure(interval_s)
    keeper = State.load(stack.home).supervisor_pid
    rows = [ProcessStatus("supervisor", "keeper", "ready", keeper, None, **usage.of(keeper))]
    rows += [_row(program, known[program.name], usage) for program in programs]
    ready = all(row.state == "ready" for row in rows)
    total_pss, total_cpu = sum(row.pss_mb for row in rows), sum(row.cpu_percent for row in rows)
    return StackStatus(True, ready, str(stack.home.path), round(total_pss, 1), round(total_cpu, 1), rows)


def _row(program: Program, info: dict[str, Any], usage: "_Usage") -> ProcessStatus:
    state, waits_for = str(info["statename"]).lower(), None
    if state in ("running", "starting"):
        waits_for = readiness.not_ready_because(program, float(info["start"]))
        state = "ready" if waits_for is None else "starting" if state == "starting" else "not-ready"
    elif state == "unknown":
        waits_for = "a restart of the stack, which is older than it"
    elif state == "backoff":
        waits_for = f"its next start; `waybill logs {program.name}` says why it ended"
    pid = int(info["pid"]) or None
    uptime = int(info["now"]) - int(info["start"]) if pid else 0
    return ProcessStatus(program.name, program.kind, state, pid, program.url, uptime, waits_for, **usage.of(pid or 0))


class _Usage:
    """Memory and CPU of processes with their children, by the pid at the top."""

    def __init__(self, pids: list[int]) -> None:
        self._trees = {pid: _tree(pid) for pid in pids if pid}
        self._figures: dict[int, dict[str, float]] = {}

    def measure(self, interval_s: float) -> None:
        before = {pid: _cpu_s(tree) for pid, tree in self._trees.items()}
        began = time.monotonic()
        time.sleep(interval_s)
        took = time.monotonic() - began
        for pid, tree in self._trees.items():
            rss, pss = _memory(tree)
            cpu = max(0.0, 100 * (_cpu_s(tree) - before[pid]) / took)
            self._figures[pid] = {"rss_mb": round(rss / MB, 1), "pss_mb": round(pss / MB, 1), "cpu_percent": round(cpu, 1)}

    def of(self, pid: int) -> Any:
        return self._figures.get(pid, {})


def _tree(pid: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(pid)
        # The supervisor's children are rows of their own.
        if KEEPER in top.cmdline():
            return [top]
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _cpu_s(tree: list[psutil.Process]) -> float:
    total = 0.0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def _memory(tree: list[psutil.Process]) -> tuple[int, int]:
    """(RSS, PSS) in bytes; where the system knows no PSS, RSS stands in for it."""
    rss = pss = 0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            found = process.memory_full_info() if sys.platform == "linux" else process.memory_info()
            rss += found.rss
            pss += getattr(found, "pss", found.rss)
    return rss, pss
