"""The stack under test: a compose project of its own, on free ports, driven by its command and looked into by the SDK."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import docker
from docker.models.containers import Container

from deploy.local.demo import RunningStack
from deploy.local.home import Home, write_private
from deploy.local.keys import key_file
from deploy.local.stack import Stack
from deploy.local.state import State
from shared.contracts.lanes import SERVICES
from shared.testing.servers import free_port
from tests.architecture.source import ROOT

PUBLISHED: Final = {**{f"{service}-api": f"{service.upper()}_PORT" for service in SERVICES}, "sandbox": "SANDBOX_PORT"}
WATCHING: Final = {"prometheus": "PROMETHEUS_PORT", "alertmanager": "ALERTMANAGER_PORT", "flower": "FLOWER_PORT"}
POLL_S: Final = 0.5
_PATIENCE_S: Final = 600
_JOBS: Final = ("secrets", "bootstrap")


class Project:
    """One run of the stack. timings: what took how many seconds, for the summary. said: by compose, at the start."""

    def __init__(self, client: "docker.DockerClient", folder: Path, variables: Mapping[str, str]) -> None:
        self.client = client
        self.name, self.ports = _identity(folder)
        self.timings: list[tuple[str, float]] = []
        self.said = ""
        self._folder = folder
        chosen = {variable: str(self.ports[process]) for process, variable in (PUBLISHED | WATCHING).items()}
        # A name that nobody's own images have. The interval is short, for the tests wait for what it finds.
        self._variables = {**variables, **chosen, "WAYBILL_REGISTRY": "waybill-test/", "HEALTH_INTERVAL": "10s"}
        (folder / "compose.env").write_text("")
        self._options = ["--env-file", str(folder / "compose.env"), "-p", self.name, "--progress", "plain"]

    def compose(self, *arguments: str, profile: str | None = None, timeout_s: float = _PATIENCE_S) -> str:
        """Run `docker compose`; what it says on both streams. AssertionError with that when it fails."""
        profiles = ["--profile", profile] if profile else []
        return "".join(self._say(["docker", "compose", *self._options, *profiles, *arguments], timeout_s))

    def script(self, path: str, *arguments: str) -> str:
        """Run one of the repository's own programs on this project; what it says."""
        return "".join(self._say([str(ROOT / path), *arguments], _PATIENCE_S))

    def _say(self, command: Sequence[str], timeout_s: float) -> tuple[str, str]:
        # Nothing of the shell's own may choose otherwise.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COMPOSE_", "WAYBILL_"))}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**inherited, **self._variables, "COMPOSE_ARGS": " ".join(self._options)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        said = f"{done.stdout}{done.stderr}"[-4000:]
        assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{said}"
        return done.stdout, done.stderr

    def run(self, service: str, *arguments: str, entrypoint: str | None = None) -> str:
        """A container of its own that runs once; what it prints."""
        replaced = ["--entrypoint", entrypoint] if entrypoint else []
        profile = "tools" if service in ("waybill", "celery", "backups") else None
        profiles = ["--profile", profile] if profile else []
        once = ["run", "--rm", "--no-deps", "--quiet-pull", *replaced, service, *arguments]
        return self._say(["docker", "compose", *self._options, *profiles, *once], _PATIENCE_S)[0]

    def set(self, **variables: str) -> None:
        """Choose otherwise from the next command on."""
        self._variables |= variables

    def add_file(self, path: str) -> None:
        """Lay another compose file over the first from the next command on."""
        self._options += ["-f", str(ROOT / "docker-compose.yml"), "-f", str(ROOT / path)]

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Note how long something takes."""
        began = time.monotonic()
        yield
        self.timings.append((what, time.monotonic() - began))

    def containers(self, service: str | None = None) -> list[Container]:
        """All that there are, of one service or of all."""
        labels = [f"com.docker.compose.project={self.name}", "com.docker.compose.oneoff=False"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        found: list[Container] = self.client.containers.list(all=True, filters={"label": labels})
        return found

    def container(self, service: str) -> Container:
        """The one of a service."""
        (found,) = self.containers(service)
        return found

    def ask(self, service: str, script: str, *arguments: str) -> Any:
        """Run Python in a service's container; what it prints, read as JSON."""
        code, output = self.container(service).exec_run(["python", "-c", script, *arguments], demux=True)
        said, complained = ((part or b"").decode() for part in output)
        assert code == 0, f"{service}: {said}{complained}"
        return json.loads(said)

    def wait_until_healthy(self, *services: str, timeout_s: float = 180) -> None:
        """Wait for each container, or for those of some services. AssertionError names who is not, and its last lines."""
        deadline = time.monotonic() + timeout_s
        while unwell := [one for one in self.containers() if _is_meant(one, services) and not _is_well(one)]:
            if time.monotonic() > deadline:
                raise AssertionError("\n".join(f"{one.name}: {_state(one)}\n{_tail(one)}" for one in unwell[:3]))
            time.sleep(POLL_S)

    def wait_for(self, condition: Callable[[], Any], sentence: str, timeout_s: float = 90) -> Any:
        """What the condition returns, once it is true."""
        deadline = time.monotonic() + timeout_s
        while not (found := condition()):
            assert time.monotonic() < deadline, sentence
            time.sleep(POLL_S)
        return found

    def flows(self) -> RunningStack:
        """The stack as demonstration flows see it, through the published ports and with tokens of its own issuer."""
        home = Home(self._folder / "home")
        home.keys.mkdir(parents=True, exist_ok=True)
        State(ports={process: self.ports[process] for process in PUBLISHED}).save(home)
        write_private(key_file(home, "issuer"), self.run("waybill", "/run/waybill/keys/issuer.jwk", entrypoint="cat"))
        return RunningStack(Stack(home), brief=True)

    def keep_logs(self, folder: Path) -> None:
        """What each container has logged, a file each."""
        folder.mkdir(parents=True, exist_ok=True)
        for one in self.containers():
            (folder / f"{one.name.removeprefix(self.name)[1:]}.log").write_bytes(one.logs())

    def end(self) -> None:
        """Remove containers, networks and volumes."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "5")


def _identity(folder: Path) -> tuple[str, dict[str, int]]:
    """Name and ports of the stack of this folder, made with the first run that has it."""
    file = folder / "project.json"
    if not file.exists():
        ports = {process: free_port() for process in (*PUBLISHED, *WATCHING)}
        file.write_text(json.dumps({"name": f"waybill-test-{uuid4().hex[:8]}", "ports": ports}))
    known = json.loads(file.read_text())
    return known["name"], known["ports"]


def _is_meant(container: Container, services: Sequence[str]) -> bool:
    service = container.labels["com.docker.compose.service"]
    return service in services if services else True


def _is_well(container: Container) -> bool:
    if container.labels["com.docker.compose.service"].endswith("-migrate") or _service(container) in _JOBS:
        return bool(container.status == "exited" and container.attrs["State"]["ExitCode"] == 0)
    return _state(container) == "running healthy"


def _service(container: Container) -> str:
    return str(container.labels["com.docker.compose.service"])


def _state(container: Container) -> str:
    state = container.attrs["State"]
    return f"{state['Status']} {state.get('Health', {}).get('Status', '')}".strip()


def _tail(container: Container) -> str:
    lines: bytes = container.logs(tail=15)
    return lines.decode(errors="replace")
