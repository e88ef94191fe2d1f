"""`waybill restore`: what it refuses, and that it brings back what was there."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.failures import StackError
from shared.runtime.clock import system_clock
from shared.runtime.dumps.dumping import Dumping, Plan
from shared.runtime.dumps.programs import Programs
from shared.runtime.ids import uuid7
from shared.testing.database import FreshDatabase


async def arrange(fresh: FreshDatabase, folder: Path) -> None:
    """A backup of alerts with a line, which is lost afterwards."""
    connection = await asyncpg.connect(fresh.url("alerts"))
    await connection.execute("INSERT INTO lane_pauses (lane, paused_by, reason) VALUES ('alerts.default', 'x', 'y')")
    async with Dumping(
        Plan(fresh.address.url(fresh.name, "backup"), folder, ("alerts",)), Programs(), system_clock
    ).alone() as turn:
        await turn.dump(uuid7(), 60)
    await connection.execute("DELETE FROM lane_pauses")
    await connection.close()


async def lines(fresh: FreshDatabase) -> int:
    """How many there are."""
    connection = await asyncpg.connect(fresh.url("alerts"))
    found: int = await connection.fetchval("SELECT count(*) FROM lane_pauses")
    await connection.close()
    return found


def test_schema_comes_back_only_when_what_is_there_is_to_make_way(fresh: FreshDatabase, tmp_path: Path) -> None:
    asyncio.run(arrange(fresh, tmp_path))
    runner, words = CliRunner(), ["restore", "--into", fresh.admin_url, "--from", str(tmp_path)]

    refused = runner.invoke(app, words)
    unknown = runner.invoke(app, [*words, "--schema", "trips"])
    unasked = runner.invoke(app, [*words, "--replace"])
    assert isinstance(refused.exception, StackError)
    assert "has alerts already" in refused.exception.sentence
    assert isinstance(unknown.exception, StackError)
    assert unknown.exception.sentence == "The backup has no schema trips; it has alerts."
    assert (unasked.exit_code, asyncio.run(lines(fresh))) == (2, 0)

    done = runner.invoke(app, [*words, "--replace", "--yes"])
    assert (done.exit_code, asyncio.run(lines(fresh))) == (0, 1)
    assert "All is as it was at" in done.stdout


def test_programs_are_those_that_the_setting_names(fresh: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(arrange(fresh, tmp_path))
    monkeypatch.setenv("POSTGRES_PROGRAMS", "/nowhere")
    words = ["restore", "--into", fresh.admin_url, "--from", str(tmp_path), "--replace", "--yes"]

    answer = CliRunner().invoke(app, words)
    assert isinstance(answer.exception, StackError)
    assert "in /nowhere" in answer.exception.sentence
    assert asyncio.run(lines(fresh)) == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--into", "nowhere"], "That is no URL of a database."),
        (["--into", "postgresql://a@127.0.0.1:1/b", "--backup", "nothing"], "There is no backup nothing in"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, words: list[str], sentence: str) -> None:
    answer = CliRunner().invoke(app, ["restore", *words, "--from", str(tmp_path)])

    assert isinstance(answer.exception, StackError)
    assert answer.exception.sentence.startswith(sentence)
