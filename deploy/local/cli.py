"""`waybill`: one command for people who run, watch and mend the stack. This module only puts the parts together."""

import sys
from typing import Final

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
from deploy.local.stack import Stack

app = typer.Typer(
    name="waybill",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Run, watch and mend Waybill's local stack. Its data is in .waybill/, or where WAYBILL_HOME says.",
)

RUN, LOOK, WORK = "Run", "Look", "Work"
_OF_COMPOSE: Final = {
    "up": "docker compose up -d",
    "down": "docker compose down",
    "migrate": "docker compose up --no-deps <service>-migrate",
    "start": "docker compose up -d --scale <container>=2",
    "stop": "docker compose stop <container>",
    "worker": "docker compose up -d <container>",
    "beat": "docker compose up -d <service>-relay",
    "flower": "docker compose --profile monitoring up -d",
    "status": "docker compose ps",
    "logs": "docker compose logs <container>",
    "monitor": "docker compose ps",
    "doctor": "docker compose ps",
    "first-admin": "docker compose exec analytics-api python -m services.analytics.operators.first_admin <address>",
}
"""What does the same where containers are the processes: what keeps them there is not ours to ask."""


@app.callback()
def _only_what_there_is(context: typer.Context) -> None:
    command = context.invoked_subcommand or ""
    # Whoever asks for --help gets it.
    if command in _OF_COMPOSE and not {"-h", "--help"} & set(sys.argv) and _is_elsewhere():
        sentence = f"`waybill {command}` is about processes of this machine, and this stack's are containers."
        raise StackError(sentence, f"`{_OF_COMPOSE[command]}`")


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


def _is_elsewhere() -> bool:
    try:
        return Stack.here().is_elsewhere
    except StackError:
        # What is wrong with the folder is for the command to say, where it matters to that.
        return False


def main() -> None:
    """The entry point: a failure that the stack knows is a sentence and exit code 1, not a traceback."""
    try:
        app()
    except StackError as error:
        show_failure(ERR, error)
        sys.exit(1)
