"""How commands answer: tables on a terminal, plain columns in a pipe, JSON where asked for."""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, TextIO, cast

import typer
from rich.console import Console
from rich.table import Table

OUT = Console()
ERR = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever reads the audit.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class _Unheard:
    """A stream that goes on when nobody can hear it any more: its terminal was closed, the reader of its pipe has ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._goes_on():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._goes_on():
            self._stream.flush()

    @contextlib.contextmanager
    def _goes_on(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # What the stream still holds would fail again, at the latest when Python ends; now it goes nowhere.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def heard_or_not() -> Iterator[None]:
    """Within this, output never fails: what has to be done does not depend on somebody who watches."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", _Unheard(stream)) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def say(text: str, *, style: str | None = None) -> None:
    """A sentence for people, on standard output."""
    OUT.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "nothing to show") -> None:
    """A table; in a pipe, columns that are separated by tabs and never cut."""
    found = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not OUT.is_terminal:
        for row in (columns, *found):
            typer.echo("\t".join(row))
        return
    if not found:
        say(empty, style="dim")
        return
    OUT.print(table(columns, found))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """The rows as rich shows them; what is in them is text and never markup."""
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    return shown


def confirm(question: str, yes: bool) -> None:
    """Ask before something is taken away; without a terminal the answer must be given as --yes."""
    if yes:
        return
    if not OUT.is_terminal:
        ERR.print(f"{question} Say --yes to do it.", highlight=False, soft_wrap=True)
        raise typer.Exit(2)
    typer.confirm(question, abort=True)
