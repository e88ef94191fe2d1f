"""`undo`, a command of `waybill queues` and of `waybill tasks`."""

from typing import Annotated
from uuid import UUID

import typer

from deploy.local.commands.output import Reason, print_json
from deploy.local.failures import StackError
from deploy.local.operations import Operations
from deploy.local.stack import Stack
from shared.contracts.lanes import SERVICES


def undo(
    undo_id: Annotated[UUID, typer.Argument(help="From the answer to the change.", metavar="ID")],
    reason: Reason = "asked for by waybill",
) -> None:
    """Take a cancellation or a purge back, within seven days: its messages wait again, with their ids and payloads."""
    stack = Stack.here()
    for service in SERVICES:
        answer = Operations(stack, service).find(f"/undo/{undo_id}", method="POST", json={"reason": reason})
        if answer is not None:
            print_json({"service": service} | answer)
            return
    raise StackError(
        f"No service knows the change {undo_id}.", "it may be older than seven days; `/v1/operations/audit` lists changes"
    )
