"""`waybill queues`: the lanes, what waits in them, and their control.

What waits for a lane waits in the tables of every service that sends to it, so each command here asks all services.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from deploy.local.broker import lane_lengths
from deploy.local.commands.output import ERR, Json, Reason, Yes, confirm, print_json, print_table, say
from deploy.local.commands.undo import undo
from deploy.local.failures import StackError
from deploy.local.operations import Operations, known_lane
from deploy.local.stack import Stack
from shared.contracts.lanes import LANES, SERVICES

app = typer.Typer(
    help="Lanes: what waits in them; pause, resume, limit, size, purge, undo. Without a command: list them.",
    invoke_without_command=True,
)
app.command()(undo)

Lane = Annotated[str, typer.Argument(help="A lane, e.g. notifications.bulk.")]
Row = dict[str, Any]

_SUMMED: Final = {
    "waiting": ("outbox_waiting", "inbox_due"),
    "later": ("outbox_later", "inbox_waiting"),
    "unconfirmed": ("outbox_unconfirmed",),
    "running": ("inbox_leased",),
}


@app.callback()
def default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        show()


@app.command("list")
def show(json: Json = False) -> None:
    """List every lane with its true backlog: what waits for it in all services' tables, and what is in the broker."""
    stack = Stack.here()
    rows = {lane: _empty(lane, length) for lane, length in lane_lengths(stack.home).items()}
    for service, view in _views(stack):
        _add(rows[view["lane"]], service, view)
    if json:
        print_json(list(rows.values()))
        return
    columns = (
        "lane",
        "rank",
        "waiting",
        "oldest_s",
        "later",
        "in_broker",
        "unconfirmed",
        "running",
        "slots",
        "per_s",
        "pool",
        "paused_by",
    )
    print_table(columns, [[_cell(row[column]) for column in columns] for row in rows.values()])


def _empty(lane: str, in_broker: int | None) -> Row:
    counts = dict.fromkeys(_SUMMED, 0)
    return {
        "lane": lane,
        "rank": LANES[lane].rank,
        **counts,
        "in_broker": in_broker,
        "oldest_s": None,
        "slots": None,
        "per_s": None,
        "pool": None,
        "paused_by": [],
    }


def _views(stack: Stack) -> Iterator[tuple[str, Row]]:
    """What each service that answers says of each lane."""
    for service in SERVICES:
        try:
            items = Operations(stack, service).call("GET", "/lanes")["items"]
        except StackError as error:
            ERR.print(f"{error.sentence} What waits there is not counted.", style="yellow", highlight=False)
            continue
        yield from ((service, item) for item in items)


def _add(row: Row, service: str, view: Row) -> None:
    for column, parts in _SUMMED.items():
        row[column] += sum(view[part] for part in parts)
    ages = [age for age in (row["oldest_s"], view["outbox_oldest_s"]) if age is not None]
    row["oldest_s"] = round(max(ages), 1) if ages else None
    row["slots"] = view["slots"] if view["slots"] is not None else row["slots"]
    if view["limit"] is not None:
        row["per_s"] = min(view["limit"]["per_s"], row["per_s"] or math.inf)
    if view["pool"] is not None:
        row["pool"] = view["pool"]["size"]
    if view["paused"] is not None:
        row["paused_by"].append(service)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "all" if len(value) == len(SERVICES) else ", ".join(value)
    return "" if value is None else str(value)


@app.command()
def pause(lane: Lane, reason: Reason = "asked for by waybill") -> None:
    """Let no service send to a lane; what waits is kept."""
    _everywhere(known_lane(lane), "pause", {"reason": reason})
    say(f"{lane} is paused.")


@app.command()
def resume(lane: Lane, reason: Reason = "asked for by waybill") -> None:
    """Let all services send to a lane again."""
    _everywhere(known_lane(lane), "resume", {"reason": reason})
    say(f"{lane} goes on.")


@app.command("rate-limit")
def limit(
    lane: Lane,
    per_s: Annotated[float, typer.Argument(min=0, max=100_000, help="Messages a second of each service; 0 for no limit.")],
    reason: Reason = "asked for by waybill",
) -> None:
    """Let no service send to a lane faster than that; what waits is kept."""
    _everywhere(known_lane(lane), "rate-limit", {"reason": reason, "per_s": per_s or None})
    say(f"Each service sends at most {per_s:g} messages a second to {lane}." if per_s else f"{lane} has no limit.")


@app.command("pool-size")
def size(
    lane: Lane,
    children: Annotated[int, typer.Argument(min=0, max=64, help="Of each worker; 0 for as many as it was started with.")],
    reason: Reason = "asked for by waybill",
) -> None:
    """Set how many children each worker has that takes from a lane."""
    owner = LANES[known_lane(lane)].owner
    body = {"reason": reason, "size": children or None}
    Operations(Stack.here(), owner).call("POST", f"/lanes/{lane}/pool-size", json=body)
    say(f"Each worker of {lane} has {children} children." if children else f"Workers of {lane} have what they were started with.")


@app.command()
def purge(lane: Lane, reason: Reason = "asked for by waybill", yes: Yes = False) -> None:
    """Cancel everything that waits for a lane. Each service that held something answers with its undo."""
    counted = _everywhere(known_lane(lane), "purge", {"reason": reason, "dry_run": True})
    waiting = sum(answer["outbox"] + answer["inbox"] for answer in counted.values())
    confirm(f"Cancel {waiting} messages that wait for {lane}?", yes)
    purged = _everywhere(lane, "purge", {"reason": reason})
    print_json([{"service": service} | answer for service, answer in purged.items() if answer["outbox"] + answer["inbox"]])


def _everywhere(lane: str, action: str, body: Row) -> dict[str, Any]:
    stack = Stack.here()
    return {service: Operations(stack, service).call("POST", f"/lanes/{lane}/{action}", json=body) for service in SERVICES}
