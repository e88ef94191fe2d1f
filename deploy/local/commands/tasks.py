"""`waybill tasks`: contracts, and sending them as any Celery client would."""

from typing import Annotated, Any
from uuid import UUID

import typer

from deploy.local.celery_client import celery_client
from deploy.local.commands.output import Json, Reason, print_json, print_table
from deploy.local.commands.payload import payload
from deploy.local.commands.undo import undo
from deploy.local.failures import StackError
from deploy.local.operations import Operations
from deploy.local.stack import Stack
from shared.contracts.lanes import SERVICES
from shared.contracts.message import Message
from shared.contracts.registry import messages

app = typer.Typer(help="Messages: list the contracts, send one, tell its story, cancel it.", invoke_without_command=True)
app.command()(undo)

MessageId = Annotated[UUID, typer.Argument(help="The message's id.", metavar="ID")]


@app.callback()
def default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        show()


@app.command("list")
def show(json: Json = False) -> None:
    """List every contract: name, lanes, answer, fields."""
    columns = ("name", "lanes", "answers", "fields")
    rows = [
        (name, [lane.name for lane in message.contract.lanes], message.contract.answer is not None, list(message.model_fields))
        for name, message in messages().items()
    ]
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print_table(
        columns, [(name, ", ".join(lanes), "yes" if answers else "", ", ".join(fields)) for name, lanes, answers, fields in rows]
    )


@app.command()
def send(
    name: Annotated[str, typer.Argument(help="A contract, e.g. notifications.send_email.")],
    json: Annotated[str, typer.Option(help="The payload: a JSON object of the contract's fields.")] = "{}",
    lane: Annotated[str | None, typer.Option(help="One of the contract's lanes; its first if not given.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the answer, for contracts that answer.")] = 0,
    check: Annotated[bool, typer.Option(help="Validate the payload here first.")] = True,
) -> None:
    """Send a message as a plain Celery client and print its id."""
    message = _contract(name)
    fields = payload(json)
    if check:
        _check(message, fields)
    lanes = [known.name for known in message.contract.lanes]
    if lane is not None and lane not in lanes:
        raise StackError(f"{name} does not travel on {lane}.", f"its lanes are {', '.join(lanes)}")
    with celery_client(Stack.here().home) as celery:
        result = celery.send_task(name, kwargs=fields, queue=lane or lanes[0])
        typer.echo(result.id)
        if wait:
            print_json(_outcome(result, wait))


def _contract(name: str) -> type[Message]:
    if name not in messages():
        raise StackError(f"There is no contract called {name}.", "`waybill tasks list` shows them all")
    return messages()[name]


def _check(message: type[Message], fields: dict[str, Any]) -> None:
    from pydantic import ValidationError

    try:
        message.model_validate(fields)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors()]
        raise StackError(
            f"The payload does not fit {message.contract.name}.", "mend it, or send it as it is with --no-check", problems
        ) from None


def _outcome(result: Any, wait_s: float) -> dict[str, Any]:
    from celery.exceptions import TimeoutError as NoAnswerError

    try:
        return {"state": "SUCCESS", "result": result.get(timeout=wait_s)}
    except NoAnswerError:
        return {"state": result.state, "result": None}
    except Exception as error:  # noqa: BLE001 — Celery raises the task's own error, whatever it was.
        return {"state": "FAILURE", "error": f"{type(error).__name__}: {error}"}


@app.command()
def status(message_id: MessageId) -> None:
    """Tell a message's whole story, with its payload: what every service that has heard of it knows."""
    _everywhere(message_id, "GET", "", params={"include": "body"})


@app.command()
def cancel(message_id: MessageId, reason: Reason = "asked for by waybill") -> None:
    """Cancel a message that has not been carried out, wherever it waits. The answer names the undo."""
    _everywhere(message_id, "POST", "/cancel", json={"reason": reason})


@app.command()
def retry(message_id: MessageId, reason: Reason = "asked for by waybill") -> None:
    """Make a message that waits for its next attempt due now."""
    _everywhere(message_id, "POST", "/retry", json={"reason": reason})


def _everywhere(message_id: UUID, method: str, action: str, **request: Any) -> None:
    """Ask every service, and show what those that know the message answer.

    One that refuses does not keep the others from being asked: a producer has sent what its consumer may still hold back.
    """
    stack = Stack.here()
    path = f"/messages/{message_id}{action}"
    known: dict[str, Any] = {}
    refusals: list[StackError] = []
    for service in SERVICES:
        try:
            answer = Operations(stack, service).find(path, method=method, **request)
        except StackError as refusal:
            refusals.append(refusal)
            continue
        if answer is not None:
            known[service] = answer
    if not known and refusals:
        raise refusals[0]
    if not known:
        raise StackError(f"No service knows {message_id}.", "it may have been cleaned away, or never have been sent")
    print_json(known)
