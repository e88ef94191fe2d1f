"""What commands print, and what becomes of it when nobody can hear it."""

import sys
from pathlib import Path

import pytest
import typer

from deploy.local.commands.output import OUT, heard_or_not, say


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that refuses every byte")
def test_output_that_nobody_can_hear_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/full").open("w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        with pytest.raises(OSError, match="No space left"):
            OUT.print("a line")
        with heard_or_not():
            say("a line")
            typer.echo("another")
        assert sys.stdout is gone


def test_output_is_as_ever_where_it_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    with heard_or_not():
        say("a line")
        typer.echo("another", err=True)
    assert capsys.readouterr() == ("a line\n", "another\n")
