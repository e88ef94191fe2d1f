"""`waybill worker`, `beat`, `flower`: one more process in the foreground, beside those of the stack."""

import os
import sys
from typing import Annotated, Final

import typer

from deploy.local.environment import read_environment
from deploy.local.failures import StackError
from deploy.local.ports import HOST
from deploy.local.programs import worker_command
from deploy.local.stack import Stack
from deploy.redis.acl import OPERATOR
from shared.contracts.lanes import SERVICES
from shared.runtime.settings import ROOT

PASS_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Whatever these commands do not know themselves is passed on to Celery."""

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")]


def worker(context: typer.Context, service: Service) -> None:
    """Run a worker of a service in the foreground; further arguments are Celery's: waybill worker alerts --concurrency 2 -B."""
    _exec(_known(service), [*worker_command(service), "-n", f"{service}-{os.getpid()}@%h", *context.args])


def beat(context: typer.Context, service: Service) -> None:
    """Run a scheduler of a service in the foreground. Any number may run: no slot fires twice."""
    _exec(_known(service), [sys.executable, "-m", "celery", "-A", f"services.{service}.worker", "beat", *context.args])


def flower(context: typer.Context) -> None:
    """Run Flower on all services' workers, as the operator; further arguments are Flower's."""
    stack = Stack.here()
    environment = read_environment(stack.home, OPERATOR)
    if not environment:
        raise StackError("There is no local stack yet.", "`make run` makes one")
    port = stack.ports()["flower"]
    typer.echo(f"Flower: http://{HOST}:{port}", err=True)
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
