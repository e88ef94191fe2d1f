"""`waybill worker`, `beat`, `flower`: one more process in the foreground, beside the stack. `start`, `stop`: some behind it."""

import os
import sys
from typing import Annotated, Final

import typer

from deploy.local import flower as login
from deploy.local.commands.output import say
from deploy.local.credentials import load_credentials
from deploy.local.environment import read_environment
from deploy.local.extra_workers import ExtraWorker, ExtraWorkers, chosen, known
from deploy.local.failures import StackError
from deploy.local.ports import HOST
from deploy.local.programs import worker_command
from deploy.local.stack import Stack
from deploy.local.worker_types import RANKS, lanes_of_type
from deploy.redis.acl import OPERATOR
from shared.contracts.lanes import SERVICES
from shared.runtime.settings import ROOT

PASS_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Whatever these commands do not know themselves is passed on to Celery."""

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")]

WorkerType = Annotated[
    str, typer.Option(help=f"Which of its lanes, by rank: {', '.join(RANKS)}. `-Q` names lanes one by one.", metavar="TYPE")
]

AnyType = Annotated[str | None, typer.Option("--worker-type", help="Only of this type.", metavar="TYPE")]
Services = Annotated[list[str] | None, typer.Argument(help="Which; all if none is named.", metavar="[SERVICE]...")]


def worker(context: typer.Context, service: Service, worker_type: WorkerType = "all") -> None:
    """Run a worker of a service in the foreground; further arguments are Celery's: waybill worker alerts --concurrency 2 -B."""
    command = [*worker_command(_known(service)), "-n", f"{service}-{os.getpid()}@%h"]
    chosen = [] if worker_type == "all" else ["-Q", ",".join(lanes_of_type(service, worker_type))]
    _exec(service, [*command, *chosen, *context.args])


def start(
    services: Services = None,
    worker_type: WorkerType = "all",
    concurrency: Annotated[int, typer.Option(min=1, help="How many tasks each runs at once.")] = 1,
    autoscale: Annotated[str | None, typer.Option(help="MAX,MIN: as many as there is work for.", metavar="MAX,MIN")] = None,
) -> None:
    """Start workers in the background beside the stack's own: waybill start --worker-type critical.

    They are started again when they end, until they end three times in a row as soon as they start.
    """
    stack = _running()
    options = ("--concurrency", str(concurrency)) if autoscale is None else ("--autoscale", _range(autoscale))
    started = ExtraWorkers(stack.home).start(chosen(services or (), worker_type, options))
    _tell(started, "ready", f"Such workers run already, or no service has lanes for {worker_type} workers.")


def stop(services: Services = None, worker_type: AnyType = None) -> None:
    """Stop what `waybill start` has started, once what it has in hand is done: of a type, of services, or all of it."""
    for service in services or ():
        _known(service)
    if worker_type is not None:
        chosen((), worker_type)
    stack = _running()
    wanted = [one for one in known(stack.home) if (not services or one.service in services) and worker_type in (None, one.type)]
    _tell(ExtraWorkers(stack.home).stop(wanted), "stopped", "No such worker runs beside the stack.")


def _running() -> Stack:
    stack = Stack.here()
    if not stack.is_running():
        raise StackError("The stack does not run, and its keeper keeps these workers, too.", "`make run` starts it")
    return stack


def _range(autoscale: str) -> str:
    most, _, least = autoscale.partition(",")
    if not (most.isdecimal() and least.isdecimal() and 1 <= int(least) <= int(most)):
        raise StackError(f"{autoscale} is no range of processes.", "write MAX,MIN, such as 4,1")
    return f"{int(most)},{int(least)}"


def _tell(workers: list[ExtraWorker], done: str, none: str) -> None:
    for one in workers:
        say(f"{one.name} is {done}.")
    if not workers:
        say(none)


def beat(context: typer.Context, service: Service) -> None:
    """Run a scheduler of a service in the foreground. Any number may run: no slot fires twice."""
    _exec(_known(service), [sys.executable, "-m", "celery", "-A", f"services.{service}.worker", "beat", *context.args])


def flower(context: typer.Context) -> None:
    """Run Flower on all services' workers, as the operator and behind a password; further arguments are Flower's."""
    stack = Stack.here()
    environment = read_environment(stack.home, OPERATOR)
    if not environment:
        raise StackError("There is no local stack yet.", "`make run` makes one")
    port, said = stack.ports()["flower"], "as you have set it up"
    if not login.has_login_of_its_own(context.args, os.environ):
        password = load_credentials(stack.home, more=(login.PASSWORD,))[login.PASSWORD]
        environment[login.VARIABLE] = f"{login.USER}:{password}"
        said = f"user {login.USER}, password {password}"
    typer.echo(f"Flower: http://{HOST}:{login.port_of(context.args, port)}, {said}", err=True)
    command = [sys.executable, "-m", "celery", "flower", f"--address={HOST}", f"--port={port}", *context.args]
    _exec("flower", command, environment)


def _known(service: str) -> str:
    if service not in SERVICES:
        raise StackError(f"There is no service called {service}.", f"choose from {', '.join(SERVICES)}")
    return service


def _exec(name: str, command: list[str], extra: dict[str, str] | None = None) -> None:
    home = Stack.here().home
    if not home.env_file("operator").exists():
        raise StackError(f"{name} has no settings yet.", "`make run` makes them")
    # The services' own variables would win over the stack's file, and may be meant for another place.
    mine = {key for service in SERVICES for key in read_environment(home, service)}
    environment = {key: value for key, value in os.environ.items() if key not in mine}
    environment |= {"WAYBILL_HOME": str(home.path), **(extra or {})}
    os.chdir(ROOT)
    os.execvpe(command[0], command, environment)  # noqa: S606 — it replaces this process; there is no shell.
