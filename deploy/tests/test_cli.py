"""`waybill` where nothing runs: every command says so in a sentence, and nothing is made or changed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app
from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.state import State

run = CliRunner()
NO_LETTER = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def nothing_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAYBILL_HOME", str(tmp_path / "none"))
    return tmp_path / "none"


def refusal(*arguments: str) -> StackError:
    """The failure that a command ends with."""
    result: Result = run.invoke(app, list(arguments))
    assert isinstance(result.exception, StackError), (result.output, result.exception)
    return result.exception


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["queues"], "There is no local stack yet."),
        (["queues", "pause", "trips.fast"], "There is no lane called trips.fast."),
        (["queues", "rate-limit", "trips.fast", "20"], "There is no lane called trips.fast."),
        (["queues", "pool-size", "trips.fast", "4"], "There is no lane called trips.fast."),
        (["tasks", "send", "trips.nothing"], "There is no contract called trips.nothing."),
        (["tasks", "send", "notifications.send_email", "--json", "{"], "The payload is not JSON"),
        (["tasks", "send", "notifications.send_email", "--json", "[]"], "The payload is not a JSON object."),
        (["tasks", "send", "notifications.send_email"], "The payload does not fit notifications.send_email."),
        (["dead-letters", "show", "shipping", NO_LETTER], "There is no service called shipping."),
        (["simulate", "trips"], "The stack does not run."),
        (["simulate", "trips", "--way", "19"], "'19' is no way."),
        (["up", "--port", "foo=1"], "There is no process called foo."),
        (["dead-letters", "replay", "trips"], "Give a dead letter's id, --fingerprint or --all, and only one of them."),
        (["token"], "There is no key to sign tokens with yet."),
        (["token", "--role", "king"], "king is neither a role nor a scope."),
        (["env", "alerts"], "alerts has no settings yet."),
        (["env", "nobody"], "There are no settings called nobody."),
        (["logs", "nobody"], "There is no process called nobody."),
        (["worker", "alerts"], "alerts has no settings yet."),
        (["worker", "shipping"], "There is no service called shipping."),
        (["demo"], "The stack does not run."),
        (["migrate"], "The stack does not run, so there is no database to migrate."),
        (["up", "--port", "alerts-api"], "--port alerts-api is not NAME=PORT."),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_a_command_that_cannot_work_says_why(command: list[str], sentence: str, nothing_yet: Path) -> None:
    error = refusal(*command)
    assert error.sentence.startswith(sentence)
    assert error.remedy
    assert not nothing_yet.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["dead-letters", "show", "notifications", "nope"],
        ["dead-letters", "discard", "notifications", "nope", "--note", "a test"],
        ["tasks", "status", "nope"],
        ["tasks", "undo", "nope"],
    ],
    ids=" ".join,
)
def test_what_is_no_id_is_refused_by_the_arguments_name(command: list[str]) -> None:
    result = run.invoke(app, command)
    assert result.exit_code == 2
    assert "Invalid value for 'ID'" in result.stderr
    assert "should be a valid UUID" in result.stderr


@pytest.mark.parametrize(("command", "wrong"), [("rate-limit", "-1"), ("pool-size", "65")])
def test_a_rate_or_a_size_that_cannot_be_is_refused_by_the_arguments_name(command: str, wrong: str) -> None:
    result = run.invoke(app, ["queues", command, "alerts.evaluation", "--", wrong])
    assert result.exit_code == 2
    assert "or equal to" in result.stderr


def test_status_of_nothing_is_a_list_of_stopped_processes(nothing_yet: Path) -> None:
    result = run.invoke(app, ["status", "--json"])
    status = json.loads(result.stdout)
    assert (result.exit_code, status["running"]) == (3, False)
    assert {process["state"] for process in status["processes"]} == {"stopped"}
    assert not nothing_yet.exists()


def test_stopping_nothing_is_fine(nothing_yet: Path) -> None:
    result = run.invoke(app, ["down"])
    assert (result.exit_code, result.stdout) == (0, "Nothing runs.\n")
    assert not nothing_yet.exists()


def test_data_is_not_removed_without_an_answer(nothing_yet: Path) -> None:
    nothing_yet.mkdir()
    (nothing_yet / "state.json").write_text("{}")
    result = run.invoke(app, ["down", "--remove-data"])
    assert result.exit_code == 2
    assert (nothing_yet / "state.json").exists()


def test_contracts_are_listed_without_a_stack() -> None:
    found = json.loads(run.invoke(app, ["tasks", "list", "--json"]).stdout)
    assert {"name": "notifications.send_email", "answers": False} in [
        {key: row[key] for key in ("name", "answers")} for row in found
    ]


@pytest.mark.parametrize(
    "command", ["up", "down", "status", "logs", "worker", "tasks", "queues", "dead-letters", "schedule", "doctor"]
)
def test_every_command_has_help(command: str) -> None:
    result = run.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout


@pytest.fixture
def containers(nothing_yet: Path) -> None:
    """The folder that `waybill` finds in its container of the compose stack."""
    nothing_yet.mkdir()
    State({"alerts-api": 8001}, {"alerts-api": "alerts.localhost"}).save(Home(nothing_yet))


@pytest.mark.usefixtures("containers")
def test_a_list_of_backups_of_containers_is_not_an_empty_one() -> None:
    """Who is woken because no backup is new enough would believe that there are none."""
    failure = refusal("backup", "--list")

    assert failure.sentence == "The backups of this stack are not in a folder of this machine."
    assert failure.remedy.startswith("`docker compose run --rm backups list`")


@pytest.mark.usefixtures("containers")
@pytest.mark.parametrize(
    ("arguments", "does_it"),
    [
        (["status", "--json"], "`docker compose ps`"),
        (["logs", "alerts-api"], "`docker compose logs <container>`"),
        (["doctor"], "`docker compose ps`"),
        (["up"], "`docker compose up -d`"),
        (["migrate"], "`docker compose up --no-deps <service>-migrate`"),
        (["demo"], "`--flow alerts`, or `make run` and the flow there"),
        (["demo", "--flow", "alerts", "--flow", "payments"], "`--flow alerts`, or `make run` and the flow there"),
    ],
)
def test_where_processes_are_containers_what_keeps_them_is_named(arguments: list[str], does_it: str) -> None:
    failure = refusal(*arguments)

    assert "are containers." in failure.sentence
    assert failure.remedy == does_it
