"""PostgreSQL and Valkey from their wheels, run directly as children of the test process.

Tests get throw-away servers that never wait for a disk. `durable=True` gives servers that keep their promises
over `kill()` and `restart()`; the fault suite uses those. Both listen on a free port of the loopback
interface and demand a password, because other people's processes can reach that port, too.
"""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.testing.child import ChildFailed, ChildProcess
from shared.testing.home import server_account
from shared.testing.programs import postgres_program, valkey_program

START_TIMEOUT_S: Final = 20.0

POSTGRES_OPTIONS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "track_commit_timestamp": "off",
    "file_copy_method": "clone",
    "log_min_messages": "warning",
    # A password check costs milliseconds by design; a test session makes thousands of connections.
    "scram_iterations": "1",
}
_THROW_AWAY: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
    # Tests that look at plans or estimates run ANALYZE themselves; the launcher would only wake up between them.
    "autovacuum": "off",
}


def free_port() -> int:
    """A port of the loopback interface that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgresAddress(NamedTuple):
    """Where a test's PostgreSQL listens. All its roles share one password, drawn anew for each server."""

    host: str
    port: int
    password: str

    def url(self, database: str = "postgres", role: str = "postgres") -> str:
        return f"postgresql://{role}:{self.password}@{self.host}:{self.port}/{database}"


class PostgresServer:
    """One PostgreSQL 18 cluster under `home`, which must exist and is given to the server's user.

    durable: False trades every guarantee for speed. options: further `postgresql.conf` settings.
    The methods block for as long as the server needs: milliseconds, a restart up to a second.
    """

    def __init__(self, home: Path, *, durable: bool = False, options: Mapping[str, str] | None = None) -> None:
        self._home = home
        self._data = home / "postgres"
        self._log = home / "postgres.log"
        self._options = POSTGRES_OPTIONS | ({} if durable else _THROW_AWAY) | dict(options or {})
        self._account = server_account()
        self._process: ChildProcess | None = None
        self.address = PostgresAddress("127.0.0.1", free_port(), secrets.token_urlsafe(18))

    def url(self, database: str = "postgres", role: str = "postgres") -> str:
        return self.address.url(database, role)

    @property
    def process(self) -> ChildProcess:
        if self._process is None:
            raise ChildFailed("PostgreSQL has not been started")
        return self._process

    def start(self) -> None:
        """Start, creating the cluster at the first time; returns when it accepts connections."""
        if not self._data.exists():
            self._create()
        options = [f"--{name}={value}" for name, value in {**self._options, "port": str(self.address.port)}.items()]
        self._process = ChildProcess(
            "PostgreSQL",
            [postgres_program("postgres", self._home), "-D", self._data, *options],
            log=self._log,
            cwd=self._home,
            account=self._account,
            # An immediate shutdown: the postmaster takes its children along and frees the shared memory.
            death_signal=signal.SIGQUIT,
        )
        _wait_ready(self._process, self._ready)

    def stop(self, *, keep: bool = True) -> None:
        """End it: by a fast shutdown, or at once when the data are not needed again."""
        self.process.stop(signal.SIGINT if keep else signal.SIGQUIT)

    def restart(self) -> None:
        """Stop, closing all connections, and start on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Crash: SIGKILL to the postmaster and every backend. `start()` recovers."""
        self.process.kill()

    def pause(self) -> None:
        """Freeze all processes: connections stay open and nothing answers."""
        self.process.send(signal.SIGSTOP, with_children=True)

    def resume(self) -> None:
        self.process.send(signal.SIGCONT, with_children=True)

    def _ready(self) -> bool:
        # The last line of postmaster.pid; pg_ctl waits for the same word.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            # Not written yet, or just removed: a start after a kill replaces the file of the dead server.
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.process.pid) and lines[7].strip() == "ready"

    def _create(self) -> None:
        if self._account:
            os.chown(self._home, *self._account)
        password_file = self._home / "password"
        password_file.write_text(self.address.password)
        password_file.chmod(0o644)  # The folder itself is closed to others.
        access = ("-U", "postgres", f"--pwfile={password_file}", "--auth=scram-sha-256", "-c", "scram_iterations=1")
        layout = ("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
        program: list[str | Path] = [postgres_program("initdb", self._home), "-D", self._data, *access, *layout]
        initdb = ChildProcess("initdb", program, log=self._log, cwd=self._home, account=self._account)
        if initdb.wait(START_TIMEOUT_S) != 0:
            raise ChildFailed(f"initdb failed\n{initdb.tail()}")
        password_file.unlink()


class ValkeyServer:
    """One Valkey under `home`, which must exist.

    durable: keep every acknowledged write in an append-only file; otherwise nothing survives a restart.
    config: further `valkey.conf` settings, such as {"aclfile": "..."}.
    """

    def __init__(self, home: Path, *, durable: bool = False, config: Mapping[str, str] | None = None) -> None:
        self._data = home / "valkey"
        self._log = home / "valkey.log"
        keeping = {"appendonly": "yes", "appendfsync": "always"} if durable else {"appendonly": "no"}
        self._config = {"bind": "127.0.0.1", "databases": "16", "save": "", **keeping, **(config or {})}
        self._process: ChildProcess | None = None
        self.port = free_port()
        self.password = secrets.token_urlsafe(18)

    def url(self, db: int = 0) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{db}"

    @property
    def process(self) -> ChildProcess:
        if self._process is None:
            raise ChildFailed("Valkey has not been started")
        return self._process

    def start(self) -> None:
        """Start; returns when it answers and has loaded what it kept."""
        self._data.mkdir(exist_ok=True)
        # The password goes through a file: a command line is open to every user of the machine.
        settings = {**self._config, "port": str(self.port), "dir": str(self._data), "requirepass": self.password}
        config = self._data / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text("".join(f'{name} "{value}"\n' for name, value in settings.items()))
        self._process = ChildProcess("Valkey", [valkey_program(), config], log=self._log)
        _wait_ready(self._process, self._ready)

    def stop(self) -> None:
        self.process.stop()

    def restart(self) -> None:
        """Stop, closing all connections, and start on the same port."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Crash: SIGKILL. `start()` brings back what a durable server has acknowledged."""
        self.process.kill()

    def pause(self) -> None:
        """Freeze: connections stay open and nothing answers."""
        self.process.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send(signal.SIGCONT)

    def _ready(self) -> bool:
        with redis.Redis.from_url(self.url(), socket_timeout=1, retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def _wait_ready(process: ChildProcess, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not ready():
        if process.exit_code is not None:
            raise ChildFailed(f"{process.name} ended at its start with code {process.exit_code}\n{process.tail()}")
        if time.monotonic() > deadline:
            process.kill()
            raise ChildFailed(f"{process.name} is not ready after {START_TIMEOUT_S:g} s\n{process.tail()}")
        time.sleep(0.01)
