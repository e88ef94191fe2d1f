"""Where the local stack keeps what it has: `.waybill/` in the checkout, or WAYBILL_HOME.

state.json secrets.json    ports and names; passwords of this installation (0600)
<service>.env jwks.json    what the services read (0600); keys/ holds their private keys
postgres/ valkey/          the servers' data
demo/                      what demonstrations have made for people to look at: PDFs
backups/                   backups of the database, until WAYBILL_HOME/analytics.env says another folder
logs/ run/                 one log per process; the supervisor's configuration and socket, heartbeats, extra workers
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deploy.local.failures import StackError
from shared.runtime.settings import ROOT, local_home

MIN_FREE_MB = 500
_SOCKET_PATH_LIMIT = 100
"""sun_path holds 108 bytes on Linux and 104 on macOS, and supervisor adds its pid while it binds."""


@dataclass(frozen=True)
class Home:
    """The stack's folder. Nothing is created before `prepare`."""

    path: Path

    @classmethod
    def here(cls) -> "Home":
        return cls(local_home().resolve())

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def demo(self) -> Path:
        return self.path / "demo"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def workers(self) -> Path:
        return self.run / "workers"

    @property
    def backups(self) -> Path:
        return self.path / "backups"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def jwks(self) -> Path:
        return self.path / "jwks.json"

    def env_file(self, name: str) -> Path:
        return self.path / f"{name}.env"

    def log(self, process: str) -> Path:
        return self.logs / f"{process}.log"

    def heartbeat(self, process: str) -> Path:
        return self.run / f"{process}.heartbeat"

    @cached_property
    def socket(self) -> Path:
        """The supervisor's socket: in `run/`, or under the temporary folder where that path is too long for one."""
        wanted = self.run / "supervisor.sock"
        if len(os.fsencode(wanted)) <= _SOCKET_PATH_LIMIT:
            return wanted
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"waybill-{os.getuid()}-{digest}" / "supervisor.sock"

    def prepare(self) -> None:
        """Make the folders, or say in a sentence why that is not possible."""
        try:
            for folder in (self.path, self.logs, self.workers, self.keys, self.valkey, self.socket.parent):
                folder.mkdir(parents=True, exist_ok=True)
            # The folder itself stays traversable: as root, PostgreSQL's data in it belongs to another user.
            self.path.chmod(0o755)
            for folder in (self.logs, self.run, self.keys, self.valkey, self.socket.parent):
                folder.chmod(0o700)
            write_private(self.path / ".writable", "")
            (self.path / ".writable").unlink()
        except OSError as error:
            remedy = "make it writable for this user, or set WAYBILL_HOME to a folder that is"
            raise StackError(f"{self.path} cannot be written: {error.strerror}.", remedy) from None
        free_mb = shutil.disk_usage(self.path).free // (1024 * 1024)
        if free_mb < MIN_FREE_MB:
            remedy = "free some space, or set WAYBILL_HOME to a folder on another disk"
            raise StackError(f"The disk of {self.path} has {free_mb} MB left; the stack needs {MIN_FREE_MB} MB.", remedy)

    @contextmanager
    def locked(self, doing: str) -> Iterator[None]:
        """Hold off a second `up` or `down` of the same folder while this one is at work."""
        with (self.path / "lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                remedy = "wait until it is through, or look at `waybill status`"
                raise StackError(f"Cannot {doing}: another `waybill up` or `down` is at work in {self.path}.", remedy) from None
            yield


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner alone from its first byte on."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def shown(path: Path) -> str:
    """A path as people write it: relative to the checkout where it lies in it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
