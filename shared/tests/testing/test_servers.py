"""The servers that tests run on: they keep what they promise over crashes, and leave nothing behind."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from shared.runtime.settings import ROOT
from shared.testing.child import ChildFailed
from shared.testing.home import server_account, temporary_home
from shared.testing.servers import PostgresAddress, PostgresServer, ValkeyServer

NO_RETRY = Retry(NoBackoff(), 0)


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    with temporary_home(in_memory=True) as home:
        server = PostgresServer(home, durable=True)
        server.start()
        yield server
        server.stop(keep=False)


@pytest.fixture
def durable_valkey() -> Iterator[ValkeyServer]:
    with temporary_home() as home:
        server = ValkeyServer(home, durable=True)
        server.start()
        yield server
        server.process.kill()


async def test_durable_postgres_keeps_commits_over_a_crash(durable_postgres: PostgresServer) -> None:
    connection = await asyncpg.connect(durable_postgres.url())
    await connection.execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")

    durable_postgres.kill()
    with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
        await connection.fetchval("SELECT id FROM kept")
    durable_postgres.start()

    again = await asyncpg.connect(durable_postgres.url())
    assert await again.fetchval("SELECT id FROM kept") == 7
    await again.close()


async def test_paused_postgres_answers_after_it_is_resumed(durable_postgres: PostgresServer) -> None:
    connection = await asyncpg.connect(durable_postgres.url())

    durable_postgres.pause()
    with pytest.raises(TimeoutError):
        await connection.fetchval("SELECT 1", timeout=0.1)
    durable_postgres.resume()

    again = await asyncpg.connect(durable_postgres.url())
    assert await again.fetchval("SELECT 1") == 1
    await again.close()
    connection.terminate()


async def test_postgres_demands_the_password(postgres: PostgresAddress) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres._replace(password="guessed").url())


async def test_postgres_never_runs_as_root(durable_postgres: PostgresServer) -> None:
    account = server_account()

    owners = {
        process.uids().real for process in [psutil.Process(durable_postgres.process.pid), *durable_postgres.process.children()]
    }

    assert owners == {account.uid if account else os.getuid()}
    assert 0 not in owners


def test_postgres_that_cannot_start_says_why() -> None:
    with temporary_home() as home:
        server = PostgresServer(home, options={"shared_buffers": "-1"})

        with pytest.raises(ChildFailed, match="shared_buffers"):
            server.start()


def test_durable_valkey_keeps_writes_over_a_crash(durable_valkey: ValkeyServer) -> None:
    with Redis.from_url(durable_valkey.url()) as client:
        client.set("kept", "7")

    durable_valkey.kill()
    durable_valkey.start()

    with Redis.from_url(durable_valkey.url()) as client:
        assert client.get("kept") == b"7"


def test_valkey_for_tests_is_empty_after_a_restart() -> None:
    with temporary_home() as home:
        server = ValkeyServer(home)
        server.start()
        with Redis.from_url(server.url()) as client:
            client.set("gone", "7")
            server.restart()
            assert client.get("gone") is None
        server.stop()


def test_paused_valkey_answers_after_it_is_resumed(durable_valkey: ValkeyServer) -> None:
    with Redis.from_url(durable_valkey.url(), socket_timeout=0.1, retry=NO_RETRY) as client:
        durable_valkey.pause()
        with pytest.raises(RedisTimeoutError):
            client.ping()
        durable_valkey.resume()

        assert client.ping()


def test_valkey_demands_the_password(valkey: ValkeyServer) -> None:
    with Redis(port=valkey.port, retry=NO_RETRY) as client, pytest.raises(AuthenticationError):
        client.ping()


SESSION = """
import asyncio, sys
from shared.testing.plugin import running_postgres
from shared.testing.home import temporary_home
from shared.testing.servers import ValkeyServer

with running_postgres() as postgres, temporary_home() as home:
    valkey = ValkeyServer(home)
    valkey.start()
    print(postgres.process.pid, valkey.process.pid, flush=True)
    sys.stdin.read()
"""


def test_servers_die_with_a_killed_session_and_the_next_one_removes_their_data() -> None:
    program = [sys.executable, "-c", SESSION]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        servers = [psutil.Process(int(pid)) for pid in session.stdout.readline().split()]
        assert [server.name() for server in servers] == ["postgres", "valkey-server"]
        session.kill()

    gone, alive = psutil.wait_procs(servers, timeout=10)
    with temporary_home(), temporary_home(in_memory=True):
        assert (len(gone), alive, _left_by(session.pid)) == (2, [], [])


TEST_FILE = """
import os, signal, time

def test_interrupted(postgres, valkey):
    print(os.getpid(), valkey.process.pid, flush=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.killpg(0, signal.SIGINT)
    time.sleep(30)
"""


def test_interrupted_session_stops_its_servers_and_removes_their_data(tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text(TEST_FILE)
    plugins = ("shared.testing.plugin", "no:cacheprovider", "no:schemathesis", "no:xdist")
    chosen = [part for plugin in plugins for part in ("-p", plugin)]
    program = [sys.executable, "-m", "pytest", "-s", "-c", os.devnull, "--rootdir", str(tmp_path), *chosen, str(tmp_path)]

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    session = subprocess.run(program, check=False, env=environment, capture_output=True, text=True, start_new_session=True)

    assert session.returncode == pytest.ExitCode.INTERRUPTED, session.stdout + session.stderr
    pytest_pid, valkey_pid = _pids(session.stdout)
    assert not psutil.pid_exists(valkey_pid)
    assert _left_by(pytest_pid) == []


def _left_by(pid: int) -> list[str]:
    folders = (Path(tempfile.gettempdir()), Path("/dev/shm"))  # noqa: S108 - looked at, not written to
    return [str(left) for folder in folders for left in folder.glob(f"waybill-test-{pid}-*")]


def _pids(output: str) -> list[int]:
    line = next(line for line in output.splitlines() if re.search(r"\d+ \d+$", line))
    return [int(pid) for pid in line.split()[-2:]]
