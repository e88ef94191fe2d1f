"""`waybill status`, `logs`, `monitor`: what runs and what it says."""

import time
from collections import deque
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Group
from rich.live import Live

from deploy.local.broker import lane_lengths
from deploy.local.commands.output import OUT, Json, print_json, print_table, say, table
from deploy.local.extra_workers import chosen
from deploy.local.failures import StackError, tail
from deploy.local.stack import Stack
from deploy.local.status import ProcessStatus, StackStatus, stack_status
from deploy.local.worker_types import RANKS

_COLUMNS = ("process", "kind", "state", "pid", "uptime", "pss MB", "rss MB", "cpu %", "url")
_LANES = ("lane", "in the broker")


def status(json: Json = False) -> None:
    """List each process: state, pid, URL, memory, CPU. Exit code 0: all ready; 1: not all; 3: the stack does not run."""
    found = stack_status(Stack.here())
    if json:
        print_json(found.as_dict())
    else:
        print_table(_COLUMNS, _rows(found))
        say(_summary(found))
    raise typer.Exit(0 if found.ready else 1 if found.running else 3)


def _summary(found: StackStatus) -> str:
    if not found.running:
        return "The stack does not run: `make run` starts it."
    waiting = [f"{row.name} waits for {row.waits_for}" for row in found.processes if row.waits_for]
    return "; ".join([f"{found.pss_mb:.0f} MB (PSS), {found.cpu_percent:.0f} % of one core", *waiting])


def _rows(found: StackStatus) -> list[list[str]]:
    return [
        [row.name, row.kind, row.state, str(row.pid or ""), _duration(row.uptime_s), *_cost(row), row.url or ""]
        for row in found.processes
    ]


def _cost(row: ProcessStatus) -> list[str]:
    return [f"{row.pss_mb:.0f}", f"{row.rss_mb:.0f}", f"{row.cpu_percent:.1f}"]


def _duration(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


def monitor(
    interval: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once; the default in a pipe.")] = False,
    worker_type: Annotated[
        str | None,
        typer.Option(help=f"Only lanes of this type, and workers that take from one: {', '.join(RANKS)}.", metavar="TYPE"),
    ] = None,
) -> None:
    """Watch processes and lanes live, until Ctrl-C."""
    stack = Stack.here()
    lanes = None if worker_type is None else {lane for one in chosen((), worker_type) for lane in one.lanes}
    if once or not OUT.is_terminal:
        found, lengths = _look(stack, lanes)
        print_table(_COLUMNS, _rows(found))
        print_table(_LANES, lengths)
        say(_summary(found))
        return
    with Live(_picture(stack, lanes), console=OUT, screen=True, auto_refresh=False) as live:
        try:
            while True:
                time.sleep(interval)
                live.update(_picture(stack, lanes), refresh=True)
        except KeyboardInterrupt:
            return


def _picture(stack: Stack, wanted: Collection[str] | None) -> Group:
    found, lanes = _look(stack, wanted)
    return Group(table(_COLUMNS, _rows(found)), "", table(_LANES, lanes), "", _summary(found))


def _look(stack: Stack, wanted: Collection[str] | None) -> tuple[StackStatus, list[list[str]]]:
    """wanted: the lanes to show, with the workers that take from one of them; without it, everything."""
    found = stack_status(stack)
    if wanted is not None:
        takers = {one.name for one in stack.programs() if not set(one.lanes).isdisjoint(wanted)}
        found = replace(found, processes=[row for row in found.processes if row.name in takers])
    lengths = lane_lengths(stack.home).items() if found.running else ()
    return found, [[name, str(length)] for name, length in lengths if wanted is None or name in wanted]


def logs(
    names: Annotated[list[str] | None, typer.Argument(help="Processes; all of them if none is named.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing what is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines of each to begin with.")] = 20,
) -> None:
    """Show what the processes have logged."""
    stack = Stack.here()
    known = ["supervisor", *(program.name for program in stack.programs())]
    if unknown := [name for name in names or [] if name not in known]:
        raise StackError(f"There is no process called {unknown[0]}.", f"choose from {', '.join(known)}")
    wanted = names or known
    width = max(map(len, wanted))
    for name in wanted:
        for line in tail(stack.home.log(name), lines, max_bytes=1024 * 1024):
            typer.echo(f"{name:<{width}} | {line}")
    if follow:
        _follow({name: stack.home.log(name) for name in wanted}, width)


def _follow(paths: dict[str, Path], width: int) -> None:
    followed = {name: _Follower(path) for name, path in paths.items()}
    try:
        while True:
            for name, follower in followed.items():
                for line in follower.new_lines():
                    typer.echo(f"{name:<{width}} | {line}")
            time.sleep(0.3)
    except KeyboardInterrupt:
        return


class _Follower:
    """New lines of a file that may not exist yet and that is renamed away when it has grown."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._rest = ""
        self._open(at_end=True)

    def _open(self, *, at_end: bool) -> None:
        try:
            self._file = self._path.open(encoding="utf-8", errors="replace")
        except OSError:
            return
        if at_end:
            self._file.seek(0, 2)

    def new_lines(self) -> list[str]:
        if self._file is None:
            self._open(at_end=False)
        if self._file is None:
            return []
        found = deque((self._rest + self._file.read()).split("\n"))
        self._rest = found.pop()
        if self._was_replaced():
            self._file.close()
            self._open(at_end=False)
        return list(found)

    def _was_replaced(self) -> bool:
        try:
            return self._file is not None and self._path.stat().st_ino != Path(f"/dev/fd/{self._file.fileno()}").stat().st_ino
        except OSError:
            return False
