"""`./deploy/restart-celery`, with a stand-in for docker that writes down what it is asked."""

import os
import subprocess
from pathlib import Path

import pytest

from shared.runtime.settings import ROOT

RUNNING = ("alerts-api", "alerts-relay", "alerts-worker-normal", "payments-worker-low", "postgres")
DOCKER = """#!/bin/sh
echo "$*" >> "$ASKED"
case "$*" in
    *"ps --services"*) printf '%s\\n' $RUNNING ;;
    *"ps --quiet"*) echo 0123abcd ;;
    inspect*) echo healthy ;;
    *restart*) [ -z "$REFUSED" ] || { echo "$REFUSED" >&2; exit 1; } ;;
esac
"""


class Docker:
    """The stand-in, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._asked = folder, folder / "asked"
        (folder / "docker").write_text(DOCKER)
        (folder / "docker").chmod(0o755)

    def restart(self, *names: str, running: tuple[str, ...] = RUNNING, refused: str = "") -> "subprocess.CompletedProcess[str]":
        """What the script says, run with this docker."""
        told = {"PATH": f"{self._folder}:{os.environ['PATH']}", "ASKED": str(self._asked), "REFUSED": refused}
        command: list[str | Path] = [ROOT / "deploy/restart-celery", *names]
        return subprocess.run(command, env=told | {"RUNNING": " ".join(running)}, capture_output=True, text=True, check=False)

    @property
    def restarted(self) -> list[str]:
        """The containers' names, in the order in which they were restarted."""
        lines = self._asked.read_text().splitlines()
        return [line.rpartition(" ")[2] for line in lines if " restart " in f" {line} "]


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    return Docker(tmp_path)


def test_workers_and_relays_are_restarted_and_nothing_else(docker: Docker) -> None:
    done = docker.restart()

    assert done.returncode == 0
    assert docker.restarted == ["alerts-relay", "alerts-worker-normal", "payments-worker-low"]
    assert [line.split()[0] for line in done.stdout.splitlines()] == docker.restarted


def test_only_what_is_named_is_restarted(docker: Docker) -> None:
    assert docker.restart("payments").returncode == 0
    assert docker.restarted == ["payments-worker-low"]


@pytest.mark.parametrize("names", [("paymnts", "alerts"), ("alerts", "trips"), ("postgres",), (".*",)])
def test_a_name_of_which_no_worker_runs_is_said_before_anything_is_restarted(docker: Docker, names: tuple[str, ...]) -> None:
    done = docker.restart(*names)

    wrong = next(name for name in names if name != "alerts")
    assert (done.returncode, docker.restarted) == (1, [])
    assert done.stderr == f"No worker runs of: {wrong}. `docker compose ps` shows what does, `docker compose up -d` starts it.\n"


def test_without_any_worker_that_is_said(docker: Docker) -> None:
    done = docker.restart(running=("postgres",))

    assert (done.returncode, docker.restarted) == (1, [])
    assert "No worker runs." in done.stderr


def test_what_docker_refuses_is_shown_with_its_own_words(docker: Docker) -> None:
    done = docker.restart("alerts", refused="permission denied while trying to connect")

    assert (done.returncode, docker.restarted) == (1, ["alerts-relay"])
    assert done.stderr == "permission denied while trying to connect\nalerts-relay could not be restarted\n"
