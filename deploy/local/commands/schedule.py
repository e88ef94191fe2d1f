"""`waybill schedule`: what the services do by the clock."""

from typing import Annotated, Any

import typer

from deploy.local.commands.output import Json, Reason, print_json, print_table, say
from deploy.local.operations import Operations
from deploy.local.stack import Stack
from shared.contracts.lanes import SERVICES

app = typer.Typer(
    help="Schedules: list, pause, resume, run now, other times. Without a command: list them.", invoke_without_command=True
)

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")]
Entry = Annotated[str, typer.Argument(help="The entry's name, from the list.", metavar="NAME")]


@app.callback()
def default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        show()


@app.command("list")
def show(json: Json = False) -> None:
    """List every entry of every service, with the times that are in effect."""
    stack = Stack.here()
    found: list[dict[str, Any]] = []
    for service in SERVICES:
        found += [{"service": service} | entry for entry in Operations(stack, service).call("GET", "/schedules")["items"]]
    if json:
        print_json(found)
        return
    columns = ("service", "name", "crontab", "timezone", "message", "catch_up", "paused", "last_slot", "next_slot", "missed")
    print_table(columns, [[entry.get(column) for column in columns] for entry in found], empty="nothing is scheduled")


@app.command()
def pause(service: Service, name: Entry, reason: Reason = "asked for by waybill") -> None:
    """Let no slot fire until `resume`."""
    Operations(Stack.here(), service).call("POST", f"/schedules/{name}/pause", json={"reason": reason})
    say(f"{service}: {name} is paused.")


@app.command()
def resume(service: Service, name: Entry, reason: Reason = "asked for by waybill") -> None:
    """Let slots fire again, from the next one on."""
    Operations(Stack.here(), service).call("POST", f"/schedules/{name}/resume", json={"reason": reason})
    say(f"{service}: {name} goes on.")


@app.command()
def run(service: Service, name: Entry, reason: Reason = "asked for by waybill") -> None:
    """Fire an entry now, besides its slots."""
    print_json(Operations(Stack.here(), service).call("POST", f"/schedules/{name}/run", json={"reason": reason}))


@app.command()
def edit(
    service: Service,
    name: Entry,
    crontab: Annotated[str | None, typer.Argument(help="Five fields, in quotes; leave it away for the code's own times.")] = None,
    reason: Reason = "asked for by waybill",
) -> None:
    """Give an entry other times; they survive deploys."""
    Operations(Stack.here(), service).call("PUT", f"/schedules/{name}", json={"reason": reason, "crontab": crontab})
    say(f"{service}: {name} fires at {crontab or 'the times of the code'}.")
