"""The real processes of a service, started as in production and ended with the test.

    worker = processes.worker("alerts", "--concurrency", "2")
    await worker.ready()
    worker.kill9()

All timers in them run at TIME_FACTOR of their length.
"""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TypeVar

import httpx
import psutil
import pytest
from redis import Redis

from shared.runtime.broker import hint_channel
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.database import FreshDatabase
from shared.testing.servers import free_port
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

TIME_FACTOR: Final = 0.1
READY_TIMEOUT_S: Final = 30.0
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "COVERAGE_")


class ServiceProcess:
    """One process of a service. `ready()` waits until it does its work, and fails with its last lines when it ends first."""

    def __init__(self, name: str, program: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.environment = dict(environment)
        self._program = program
        self._folder = folder
        self.child = self._spawn()

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number when a signal ended it."""
        return self.child.exit_code

    def log(self) -> str:
        """All that it has written, over its restarts."""
        return self.child.output()

    async def ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until it is at work."""

        async def at_work() -> bool:
            if self.exit_code is not None:
                raise ChildEnded(f"{self.name} ended with code {self.exit_code} before it was ready\n{self.child.tail(40)}")
            return await self._is_ready()

        try:
            await eventually(at_work, timeout_s, f"{self.name} is not ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.child.tail(40)}") from None

    async def says(self, words: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until `words` stand in its log."""
        await eventually(lambda: words in self.log(), timeout_s, f"{self.name} has not said {words!r}")

    async def gone(self, timeout_s: float = READY_TIMEOUT_S) -> int:
        """Wait until it has ended, and return the exit code."""
        await eventually(lambda: self.exit_code is not None, timeout_s, f"{self.name} still runs")
        return self.child.wait(1)

    def kill9(self) -> None:
        """SIGKILL to this process alone; its children see the loss as in production."""
        self.child.send(signal.SIGKILL)
        self.child.wait(5)

    def kill_child(self) -> int:
        """SIGKILL to its youngest child; the child's pid."""
        youngest: psutil.Process = max(self.child.children(), key=lambda child: child.create_time())
        youngest.kill()
        return youngest.pid

    def pause(self) -> None:
        """Freeze it and its children."""
        self.child.send(signal.SIGSTOP, with_children=True)

    def resume(self) -> None:
        self.child.send(signal.SIGCONT, with_children=True)

    def stop(self, timeout_s: float = 15) -> int:
        """SIGTERM, and SIGKILL when it does not end; the exit code."""
        return self.child.stop(timeout_s=timeout_s)

    def restart(self) -> None:
        """Start it again after its end; `ready()` waits for the new one."""
        self.child.kill()
        self.child = self._spawn()

    async def _is_ready(self) -> bool:
        raise NotImplementedError

    def _spawn(self) -> ChildProcess:
        log = self._folder / f"{self.name}.log"
        return ChildProcess(self.name, self._program, log=log, env=self.environment, cwd=ROOT)


class ChildEnded(RuntimeError):
    """A process ended before it was ready."""


class WorkerProcess(ServiceProcess):
    """`celery -A <app> worker`. Ready when it writes its heartbeat file."""

    def __init__(self, name: str, app: str, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> None:
        self._heartbeat = folder / f"{name}.heartbeat"
        program = [sys.executable, "-m", "celery", "-A", app, "worker", "--hostname", f"{name}@%h", *arguments]
        super().__init__(name, program, {**environment, "HEARTBEAT_FILE": str(self._heartbeat)}, folder)

    def _spawn(self) -> ChildProcess:
        self._heartbeat.unlink(missing_ok=True)
        return super()._spawn()

    async def _is_ready(self) -> bool:
        return self._heartbeat.exists()


class ApiProcess(ServiceProcess):
    """`uvicorn <app>` on a free port. Ready when /readyz says so."""

    def __init__(self, name: str, app: str, environment: Mapping[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(name, [sys.executable, "-m", "uvicorn", app, "--port", str(self.port)], environment, folder)

    async def _is_ready(self) -> bool:
        async with httpx.AsyncClient(base_url=self.url, timeout=2) as client:
            try:
                return (await client.get("/readyz")).is_success
            except httpx.TransportError:
                return False


class RelayProcess(ServiceProcess):
    """`python -m <module>`. Ready when one listener more than before hears the service's hints."""

    def __init__(
        self, name: str, service: str, environment: Mapping[str, str], folder: Path, program: tuple[str, ...] | None = None
    ) -> None:
        self._channel = hint_channel(service)
        self._broker_url = environment["REDIS_URL"]
        super().__init__(name, [sys.executable, "-m", *(program or (f"services.{service}.relay",))], environment, folder)

    def _spawn(self) -> ChildProcess:
        self._listeners_before = self._listeners()
        return super()._spawn()

    async def _is_ready(self) -> bool:
        return self._listeners() > self._listeners_before

    def _listeners(self) -> int:
        with Redis.from_url(self._broker_url) as client:
            return int(client.pubsub_numsub(self._channel)[0][1])


P = TypeVar("P", bound=ServiceProcess)


class Processes:
    """Starts processes on the test's own database and broker, and ends them with the test."""

    def __init__(self, fresh: FreshDatabase, broker_url: str, keys: SigningKeys, folder: Path) -> None:
        self._fresh = fresh
        self._broker_url = broker_url
        self._keys = keys
        self._folder = folder
        self.started: list[ServiceProcess] = []

    def environment(self, service: str, **extra: str) -> dict[str, str]:
        """The settings of the service's processes. `extra` wins; nothing else comes from the tests' own environment."""
        inherited = {name: value for name, value in os.environ.items() if name.startswith(_INHERITED)}
        return {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "WAYBILL_HOME": str(self._folder),
            "WAYBILL_TIME_FACTOR": str(TIME_FACTOR),
            "DATABASE_URL": self._fresh.url(service),
            "REDIS_URL": self._broker_url,
            "AUTH_JWKS": str(self._keys.jwks_file),
            "AUTH_SIGNING_KEY_FILE": str(self._keys.service_key_file(service)),
            **extra,
        }

    def worker(self, service: str, *arguments: str, app: str | None = None, **extra: str) -> WorkerProcess:
        """A worker with further arguments for `celery worker`. app: another application than the service's. extra: settings."""
        environment = self.environment(service, **extra)
        return self._keep(
            WorkerProcess(
                self._name(f"{service}-worker"), app or f"services.{service}.worker", arguments, environment, self._folder
            )
        )

    def api(self, service: str, *, app: str | None = None, **extra: str) -> ApiProcess:
        """An API. app: another application than the service's. extra: settings."""
        environment = self.environment(service, **extra)
        return self._keep(
            ApiProcess(self._name(f"{service}-api"), app or f"services.{service}.app:app", environment, self._folder)
        )

    def relay(self, service: str, *, program: tuple[str, ...] | None = None, **extra: str) -> RelayProcess:
        """A relay. program: another module, and its arguments, than the service's. extra: settings."""
        environment = self.environment(service, **extra)
        return self._keep(RelayProcess(self._name(f"{service}-relay"), service, environment, self._folder, program))

    def end(self) -> None:
        """Kill all, and write their last lines to standard output, which pytest shows for a test that failed."""
        for process in self.started:
            process.child.kill()
            sys.stdout.write(f"{process.name}: {process.child.tail(30)}\n")

    def _name(self, kind: str) -> str:
        return f"{kind}-{len(self.started) + 1}"

    def _keep(self, process: P) -> P:
        self.started.append(process)
        return process


@pytest.fixture
def processes(fresh: FreshDatabase, broker_url: str, signing_keys: SigningKeys, tmp_path: Path) -> Iterator[Processes]:
    """Real workers, APIs and relays on the test's own database and broker."""
    started = Processes(fresh, broker_url, signing_keys, tmp_path)
    yield started
    started.end()
