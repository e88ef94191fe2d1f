"""`waybill`: one command for people who run, watch and mend the stack. This module only puts the parts together."""

import sys

import typer

from deploy.local.commands import (
    backups,
    dead_letters,
    demo,
    doctor,
    look,
    processes,
    queues,
    schedule,
    shipments,
    simulate,
    stack,
    tasks,
    token,
)
from deploy.local.commands.output import ERR
from deploy.local.display import show_failure
from deploy.local.failures import StackError

app = typer.Typer(
    name="waybill",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run, watch and mend Waybill's local stack. Its data is in .waybill/, or where WAYBILL_HOME says.",
)

RUN, LOOK, WORK = "Run", "Look", "Work"
app.command(rich_help_panel=RUN)(stack.up)
app.command(rich_help_panel=RUN)(stack.down)
app.command(rich_help_panel=RUN)(stack.migrate)
app.command(rich_help_panel=RUN)(processes.start)
app.command(rich_help_panel=RUN)(processes.stop)
app.command(rich_help_panel=RUN, context_settings=processes.PASS_ON)(processes.worker)
app.command(rich_help_panel=RUN, context_settings=processes.PASS_ON)(processes.beat)
app.command(rich_help_panel=RUN, context_settings=processes.PASS_ON)(processes.flower)
app.command(rich_help_panel=RUN)(demo.demo)
app.command(rich_help_panel=LOOK)(look.status)
app.command(rich_help_panel=LOOK)(look.logs)
app.command(rich_help_panel=LOOK)(look.monitor)
app.command(rich_help_panel=LOOK)(doctor.doctor)
app.command(rich_help_panel=LOOK)(token.env)
app.command(rich_help_panel=WORK)(token.token)
app.command(rich_help_panel=WORK)(token.keys)
app.command(rich_help_panel=WORK)(token.first_admin)
app.command(rich_help_panel=WORK)(backups.backup)
app.command(rich_help_panel=WORK)(backups.restore)
app.add_typer(tasks.app, name="tasks", rich_help_panel=WORK)
app.add_typer(queues.app, name="queues", rich_help_panel=WORK)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=WORK)
app.add_typer(schedule.app, name="schedule", rich_help_panel=WORK)
app.add_typer(shipments.app, name="shipments", rich_help_panel=WORK)
app.add_typer(simulate.app, name="simulate", rich_help_panel=RUN)


def main() -> None:
    """The entry point: a failure that the stack knows is a sentence and exit code 1, not a traceback."""
    try:
        app()
    except StackError as error:
        show_failure(ERR, error)
        sys.exit(1)
