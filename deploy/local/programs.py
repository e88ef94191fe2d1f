"""The processes of the stack: what runs, where it listens, what it is told, in which order it starts."""

import shlex
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from deploy.local import outside
from deploy.local.addresses import Addresses
from deploy.local.home import Home
from deploy.local.ports import HOST
from deploy.local.postgres import Cluster
from deploy.local.valkey import valkey_command
from shared.contracts.lanes import SERVICES, lanes_of

Kind = Literal["server", "sandbox", "api", "worker"]
_CHILD: Final = Path(__file__).with_name("child.py")
FOR_EVER: Final = 1_000_000
"""What a program of the stack lacks, a server or room on the disk, may come back when nobody looks."""


@dataclass(frozen=True)
class Program:
    """One process that the supervisor keeps.

    command: the program and its arguments. stop: the signal that ends it gently, with stop_s seconds to follow.
    bereft: the signal at the death of the keeper, where it is another; nobody is there to count stop_s seconds then.
    url: what people open. health: what answers 200 once it is ready. heartbeat: the file it touches while it works.
    lanes: what a worker takes from.
    tries: how often in a row it may end within steady_s seconds of its start; then the keeper gives it up. group: with what it is
    started and stopped; without one `servers`, which start first and stop last, or `apps`.
    """

    name: str
    kind: Kind
    command: tuple[str, ...]
    stop: signal.Signals = signal.SIGTERM
    stop_s: int = 15
    bereft: signal.Signals | None = None
    url: str | None = None
    health: str | None = None
    heartbeat: Path | None = None
    port: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    user: str | None = None
    lanes: tuple[str, ...] = ()
    tries: int = FOR_EVER
    steady_s: int = 2
    group: str = ""

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", "servers" if self.kind == "server" else "apps")

    @property
    def full_name(self) -> str:
        """As the supervisor calls it."""
        return f"{self.group}:{self.name}"

    @property
    def started_by(self) -> str:
        """The command line for the supervisor, through `child.py`."""
        user = ["--user", self.user] if self.user else []
        return shlex.join([sys.executable, "-I", "-S", str(_CHILD), *user, (self.bereft or self.stop).name, *self.command])


def programs(home: Home, ports: dict[str, int]) -> list[Program]:
    """All processes, in the order in which they are shown."""
    services = [program for service in SERVICES for program in (_api(service, ports), _worker(service, home, ports))]
    return [*servers(home, ports), _sandbox(home, ports), *sorted(services, key=lambda program: program.kind)]


def servers(home: Home, ports: dict[str, int]) -> list[Program]:
    cluster = Cluster(home)
    account = cluster.account
    return [
        # SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is lost.
        Program(
            "postgres",
            "server",
            tuple(cluster.command()),
            stop=signal.SIGINT,
            stop_s=30,
            url=f"postgresql://{HOST}:{ports['postgres']}/waybill",
            port=ports["postgres"],
            user=account.pw_name if account else None,
        ),
        Program("valkey", "server", tuple(valkey_command(home)), url=f"redis://{HOST}:{ports['valkey']}/0", port=ports["valkey"]),
    ]


def _sandbox(home: Home, ports: dict[str, int]) -> Program:
    url = f"http://{HOST}:{ports['sandbox']}"
    environment = {
        "SANDBOX_HTTP_PORT": str(ports["sandbox"]),
        "SANDBOX_SMTP_PORT": str(ports["sandbox-smtp"]),
        "SANDBOX_DATA": str(home.path / "sandbox"),
        **outside.sandbox(home, Addresses(ports)),
    }
    return Program(
        "sandbox",
        "sandbox",
        (sys.executable, "-m", "deploy.sandbox"),
        url=url,
        health=f"{url}/readyz",
        port=ports["sandbox"],
        environment=environment,
    )


def _api(service: str, ports: dict[str, int]) -> Program:
    port = ports[f"{service}-api"]
    url = f"http://{HOST}:{port}"
    command = (sys.executable, "-m", "uvicorn", f"services.{service}.app:app", "--host", HOST, "--port", str(port))
    return Program(
        f"{service}-api",
        "api",
        (*command, "--no-access-log", "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "5"),
        url=url,
        health=f"{url}/readyz",
        port=port,
    )


WORKER_BEREFT: Final = signal.SIGQUIT
"""A worker's soft end, which gives back what is in hand. The database goes with the keeper, and a call that cannot be recorded
would be waited for as long as its lane's hard limit, which is half an hour for some."""


def worker_command(service: str) -> list[str]:
    """The worker as the stack runs it; `waybill worker` adds its own arguments to it."""
    return [sys.executable, "-m", "celery", "-A", f"services.{service}.worker", "worker"]


def _worker(service: str, home: Home, ports: dict[str, int]) -> Program:
    name = f"{service}-worker"
    lanes = tuple(lane.name for lane in lanes_of(service))
    options = ["-n", f"{service}@%h", "-Q", ",".join(lanes), "--concurrency", "1", "--loglevel", "INFO"]
    heartbeat = home.heartbeat(name)
    return Program(
        name,
        "worker",
        (*worker_command(service), *options),
        lanes=lanes,
        # A warm shutdown may finish what is in hand, up to a light task's hard limit of 60 s; beyond that it is redelivered.
        stop_s=30,
        bereft=WORKER_BEREFT,
        heartbeat=heartbeat,
        environment={"HEARTBEAT_FILE": str(heartbeat), "METRICS_PORT": str(ports[name])},
        url=f"http://{HOST}:{ports[name]}/metrics",
        port=ports[name],
    )
