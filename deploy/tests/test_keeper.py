"""The keeper on a full disk, and with programs that do not want to start."""

import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.keeper import PatientFileHandler
from deploy.local.programs import Kind, Program
from deploy.local.state import State
from deploy.local.supervisor import Supervisor
from shared.testing.home import temporary_home
from shared.testing.wait import eventually

TALKER = "import sys, time\nfor number in range(10**9): print('line', number, flush=True); time.sleep(0.05)"
# It comes up once there is a file called `may`, and says each time that it was started.
HESITANT = "import pathlib, sys, time\nprint('begun', flush=True)\npathlib.Path('may').exists() or sys.exit(3)\ntime.sleep(3600)"


def program(name: str, kind: Kind, script: str, folder: Path) -> Program:
    """A program of one file that works in its folder."""
    file = folder / f"{name}.py"
    file.write_text(f"import os\nos.chdir({str(folder)!r})\n{script}\n")
    return Program(name, kind, (sys.executable, str(file)))


class Kept:
    """A running keeper with the programs `talker` and `hesitant`, neither started yet."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.talker = program("talker", "server", TALKER, home.path)
        self.hesitant = program("hesitant", "api", HESITANT, home.path)
        self.supervisor = Supervisor(home)
        self.state: State = self.supervisor.start([self.talker, self.hesitant], set())

    def info(self, name: str) -> dict[str, Any]:
        return self.supervisor.processes()[name]

    def disk(self, room: int) -> None:
        """Let no file of the keeper grow beyond so many bytes."""
        psutil.Process(self.state.supervisor_pid).rlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


@pytest.fixture
def kept() -> Iterator[Kept]:
    with temporary_home() as path:
        home = Home(path)
        home.prepare()
        kept = Kept(home)
        yield kept
        kept.supervisor.stop(kept.state)


@pytest.mark.skipif(sys.platform != "linux", reason="only there a running process can be given a limit")
async def test_a_keeper_that_cannot_write_a_line_goes_on_and_writes_again_once_there_is_room(kept: Kept) -> None:
    kept.supervisor.start_program(kept.talker)
    await eventually(lambda: kept.home.log("talker").stat().st_size > 0)
    kept.disk(0)
    killed = int(kept.info("talker")["pid"])
    os.kill(killed, signal.SIGKILL)

    await eventually(lambda: int(kept.info("talker")["pid"]) not in (0, killed), 15, "it was not started again")
    size = kept.home.log("talker").stat().st_size
    kept.disk(resource.RLIM_INFINITY)
    await eventually(lambda: kept.home.log("talker").stat().st_size > size, 15, "its log does not go on")
    assert psutil.pid_exists(kept.state.supervisor_pid)


async def test_a_program_that_fails_many_times_still_comes_up_when_it_can(kept: Kept) -> None:
    kept.supervisor.start_program(kept.hesitant)
    # Supervisor waits a second longer before each try; four failures in a row used to be the end.
    await eventually(lambda: _begun(kept) >= 4 and kept.info("hesitant")["statename"] == "BACKOFF", 30)
    (kept.home.path / "may").touch()

    await eventually(lambda: kept.info("hesitant")["statename"] == "RUNNING", 30, "it was given up")


async def test_a_program_that_waits_for_its_next_try_is_started_at_once_on_demand(kept: Kept) -> None:
    kept.supervisor.start_program(kept.hesitant)
    await eventually(lambda: _begun(kept) >= 2 and kept.info("hesitant")["statename"] == "BACKOFF", 30)
    (kept.home.path / "may").touch()

    kept.supervisor.start_program(kept.hesitant)
    assert kept.info("hesitant")["statename"] == "STARTING"


def _begun(kept: Kept) -> int:
    log = kept.home.log("hesitant")
    return log.read_text().count("begun") if log.exists() else 0


def test_a_keeper_that_cannot_start_says_why(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()
    with pytest.raises(StackError, match="supervisor did not start") as failed:
        Supervisor(home).start([Program("wrong", "api", ("true",), stop_s=-1, environment={"A": '"'})], set())
    assert any("Error" in line for line in failed.value.log)


def test_a_log_that_cannot_be_rolled_over_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.symlink_to("/dev/full")
    handler = PatientFileHandler(str(path), maxBytes=10, backupCount=1)
    handler.emit(_record("a line of more than ten bytes"))
    handler.emit(_record("another"))
    path.unlink()
    handler.emit(_record("this one reopens"))
    handler.emit(_record("kept"))
    handler.close()
    assert "kept" in path.read_text()


def _record(text: str) -> Any:
    from supervisor.loggers import LevelsByName, LogRecord

    return LogRecord(LevelsByName.INFO, f"{text}\n")
