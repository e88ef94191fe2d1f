"""`waybill dead-letters`: what has failed for good, and what to do with it."""

from typing import Annotated, Any
from uuid import UUID

import typer

from deploy.local.commands.output import Json, Yes, confirm, print_json, print_table, say
from deploy.local.commands.payload import payload
from deploy.local.failures import StackError
from deploy.local.operations import Operations
from deploy.local.stack import Stack
from shared.contracts.lanes import SERVICES

app = typer.Typer(
    help="Messages that failed for good: list, group, show, replay, edit, discard. Without a command: list them.",
    invoke_without_command=True,
)

Service = Annotated[str, typer.Argument(help=f"One of {', '.join(SERVICES)}.", metavar="SERVICE")]
Letter = Annotated[UUID, typer.Argument(help="The dead letter's id, from the list.", metavar="ID")]

Note = Annotated[str, typer.Option(help="What you found and why you do this; kept with the dead letter.")]


@app.callback()
def default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        show_all()


@app.command("list")
def show_all(
    service: Annotated[list[str] | None, typer.Option(help="Only these services'.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many per service.")] = 50,
    json: Json = False,
) -> None:
    """List dead letters, newest first."""
    stack = Stack.here()
    found: list[dict[str, Any]] = []
    for name in service or SERVICES:
        found += [{"service": name} | item for item in Operations(stack, name).pages("/dead-letters", params={}, limit=limit)]
    if json:
        print_json(found)
        return
    columns = ("service", "id", "name", "reason", "attempts", "died_at", "error")
    print_table(
        columns,
        [[_short(item.get(column)) for column in columns] for item in found],
        empty="no dead letters",
    )


def _short(value: object) -> str:
    return str("" if value is None else value).partition("\n")[0][:100]


@app.command()
def groups(json: Json = False) -> None:
    """Group open dead letters by cause: one line for all that died of the same."""
    stack = Stack.here()
    found: list[dict[str, Any]] = []
    for name in SERVICES:
        found += [
            {"service": name} | item for item in Operations(stack, name).pages("/dead-letters/groups", params={}, limit=1000)
        ]
    if json:
        print_json(found)
        return
    columns = ("service", "letters", "fingerprint", "reason", "name", "last_died_at", "error")
    print_table(columns, [[_short(item.get(column)) for column in columns] for item in found], empty="no dead letters")


@app.command()
def show(service: Service, letter: Letter) -> None:
    """Show one with its whole payload."""
    print_json(Operations(Stack.here(), service).call("GET", f"/dead-letters/{letter}", params={"include": "body"}))


@app.command()
def replay(
    service: Service,
    letter: Annotated[
        UUID | None, typer.Argument(help="The dead letter's id; or give --fingerprint or --all.", metavar="ID")
    ] = None,
    fingerprint: Annotated[str | None, typer.Option(help="Every open one of this cause, from `groups`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every open one of the service.")] = False,
    rate: Annotated[float, typer.Option(min=0.1, max=1000, help="Messages per second, for many.")] = 50,
    note: Note = "replayed by waybill",
    yes: Yes = False,
) -> None:
    """Send it again under the same id, so an effect that it has had already is not repeated."""
    if sum((letter is not None, fingerprint is not None, every)) != 1:
        raise StackError(
            "Give a dead letter's id, --fingerprint or --all, and only one of them.", "`waybill dead-letters` shows the ids"
        )
    operations = Operations(Stack.here(), service)
    if letter is not None:
        print_json(operations.call("POST", f"/dead-letters/{letter}/replay", json={"note": note}))
        return
    chosen = {"note": note, "fingerprint": fingerprint, "all": every, "rate": rate}
    matched = operations.call("POST", "/dead-letters/replay", json=chosen | {"dry_run": True})["matched"]
    confirm(f"Replay {matched} dead letters of {service}?", yes)
    print_json(operations.call("POST", "/dead-letters/replay", json=chosen))


@app.command()
def edit(
    service: Service,
    letter: Letter,
    body: Annotated[str, typer.Option("--json", help="The whole mended payload, as a JSON object.")],
    note: Note = "mended by waybill",
) -> None:
    """Send a mended copy under a new id. An effect that the old message has had is NOT known to the new one."""
    mended = payload(body)
    print_json(
        Operations(Stack.here(), service).call(
            "POST", f"/dead-letters/{letter}/replay-edited", json={"note": note, "body": mended}
        )
    )


@app.command()
def discard(
    service: Service, letter: Letter, note: Annotated[str, typer.Option(help="Why; it is kept with the dead letter.")]
) -> None:
    """Close it for good. It stays in the table with the note for 180 days."""
    Operations(Stack.here(), service).call("POST", f"/dead-letters/{letter}/discard", json={"note": note})
    say(f"{letter} is discarded.")
