"""What `waybill up` shows while it waits: moving lines on a terminal, plain ones anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from deploy.local.failures import StackError


class Display(Protocol):
    """One line per step: begun, waiting for something, done."""

    def begin(self, step: str) -> None: ...
    def waiting(self, step: str, reason: str) -> None: ...
    def done(self, step: str, note: str = "") -> None: ...


PATIENCE_S = 15
"""How long a step may take before a display without moving lines says what it waits for."""


class PlainDisplay:
    """A line when a step is done, and one about what is waited for when nothing has happened for a while."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun: dict[str, float] = {}
        self._reasons: dict[str, str] = {}
        self._spoke = time.monotonic()

    def begin(self, step: str) -> None:
        self._begun[step] = time.monotonic()

    def waiting(self, step: str, reason: str) -> None:
        self._reasons[step] = reason
        if time.monotonic() - self._spoke > PATIENCE_S:
            others = f", and {len(self._reasons) - 1} more wait" if len(self._reasons) > 1 else ""
            self._say(f"  ..  {step} waits for {reason}{others}")

    def done(self, step: str, note: str = "") -> None:
        self._reasons.pop(step, None)
        took = time.monotonic() - self._begun.get(step, time.monotonic())
        self._say(f"  ok  {step}{note and f': {note}'} ({took:.1f} s)")

    def _say(self, line: str) -> None:
        self._spoke = time.monotonic()
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


class LiveDisplay:
    """A spinner per step, with what it waits for, turning into a tick."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def begin(self, step: str) -> None:
        self._tasks[step] = self._progress.add_task(step, total=1, note="")

    def waiting(self, step: str, reason: str) -> None:
        self._progress.update(self._tasks[step], note=f"waits for {reason}")

    def done(self, step: str, note: str = "") -> None:
        self._progress.update(self._tasks[step], completed=1, note=note)


@contextmanager
def display(console: Console) -> Iterator[Display]:
    """The display that suits the console."""
    if not console.is_terminal:
        yield PlainDisplay(console)
        return
    columns = (
        SpinnerColumn(finished_text="[green]✔"),
        TextColumn("{task.description:<22}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        yield LiveDisplay(progress)


def show_failure(console: Console, error: StackError) -> None:
    """The sentence, the log that shows it, and what to do."""
    console.print(f"[bold red]{error.sentence}[/]", highlight=False, soft_wrap=True)
    for line in error.log:
        console.print(f"  | {line}", style="dim", markup=False, highlight=False, soft_wrap=True)
    if error.remedy:
        console.print(f"What to do: {error.remedy}", markup=False, highlight=False, soft_wrap=True)
