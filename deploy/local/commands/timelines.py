"""Timelines of deliveries on a terminal, each under a line of its own; in a pipe, columns that are separated by tabs."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.local.commands.output import OUT
from deploy.local.timelines import Step, Timeline

_COLUMNS: Final = (("when", 12), ("what", 12), ("provider", 13), ("code", 8), ("latency", 9), ("status", 6))
_MS_CHARS: Final = 12


def show_timelines(timelines: Iterable[Timeline]) -> None:
    """Those of one task beside one another in the order in which they are given."""
    if not OUT.is_terminal:
        for line in _plain(timelines):
            typer.echo(line)
        return
    for task, found in groupby(timelines, key=lambda one: one.task):
        OUT.print(Text(task, style="bold"))
        for one in found:
            OUT.print(_drawn(one))
    OUT.print()


def _drawn(timeline: Timeline) -> RenderableType:
    good = not timeline.standing.startswith("failed")
    head = Text(f"  {timeline.channel} to {timeline.recipient}: ").append(timeline.standing, "green" if good else "yellow")
    grid = Table.grid(padding=(0, 1))
    for name, width in (("", 3), *_COLUMNS):
        grid.add_column(min_width=width, no_wrap=name not in ("status", ""), overflow="fold")
    for step in timeline.steps:
        grid.add_row("", *(Text(cell, style="dim" if index == 0 else "") for index, cell in enumerate(_cells(step))))
    return Group(head, grid)


def _plain(timelines: Iterable[Timeline]) -> Iterator[str]:
    yield "\t".join(("task", "channel", "recipient", "standing", *(name for name, _ in _COLUMNS)))
    for one in timelines:
        for step in one.steps or (Step("", "", "", "", None, ""),):
            yield "\t".join((one.task, one.channel, one.recipient, one.standing, *_cells(step)))


def _cells(step: Step) -> tuple[str, ...]:
    latency = f"{step.latency_ms} ms" if step.latency_ms is not None else ""
    return (_local(step.at), step.what, step.provider, step.code, latency, step.status)


def _local(at: str) -> str:
    """The time of day where the reader is, to the millisecond."""
    return datetime.fromisoformat(at).astimezone().strftime("%H:%M:%S.%f")[:_MS_CHARS] if at else ""
