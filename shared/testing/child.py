"""Child processes of a test session: started under a tether, logged to a file, ended for certain."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from shared.testing import tether

# The kernel ties a child to the thread that forked it, not to the process, and a worker thread of asyncio ends
# with its loop. So one thread forks them all; it lives until the interpreter ends.
_forker: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="waybill-forker")


class Account(NamedTuple):
    """An operating system user to run as."""

    uid: int
    gid: int


class ChildFailed(RuntimeError):
    """A child process ended, or did not come up in time; the message ends with its last lines of output."""


class ChildProcess:
    """One program, its output in `log`, in a session of its own, so that Ctrl-C reaches the tests alone.

    death_signal: what it gets when the test process dies, however that happens.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        account: Account | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        owner = [str(account.uid), str(account.gid)] if account else ["-", "-"]
        tethered = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), str(death_signal.value), *owner]
        with log.open("ab") as output:
            self._process = _forker.submit(
                subprocess.Popen,
                [*tethered, *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            ).result()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self._process.poll()

    def children(self) -> list[psutil.Process]:
        """All descendants, the oldest first; empty when the process is gone."""
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def send(self, number: signal.Signals, *, with_children: bool = False) -> None:
        """Send a signal. A process that has ended is not an error."""
        children = self.children() if with_children else []
        if self.exit_code is None:
            self._process.send_signal(number)
        for child in children:
            try:
                child.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def wait(self, timeout_s: float) -> int:
        """Wait for the end and return the exit code; ChildFailed when it does not come in time."""
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise ChildFailed(f"{self.name} (pid {self.pid}) still runs after {timeout_s:g} s\n{self.tail()}") from None

    def kill(self) -> None:
        """SIGKILL to it, its descendants and its process group; returns when it is gone."""
        self.send(signal.SIGKILL, with_children=True)
        # Orphans of a leader that died earlier are no descendants any more, but still of its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM, *, timeout_s: float = 10) -> int:
        """Ask it to end, kill it when it does not, and return the exit code."""
        self.send(number)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            self.kill()

    def output(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(errors="replace")

    def tail(self, lines: int = 20) -> str:
        """Its last lines of output, indented, for error messages."""
        last = self.output().splitlines()[-lines:]
        return f"last lines of {self.log}:\n" + "\n".join(f"    {line}" for line in last)
