"""`waybill up`, `down`, `migrate`: `make run` and `make stop` call them."""

import signal
import time
from typing import Annotated, Any

import typer

from deploy.local import ports
from deploy.local.commands.demo import show_flows
from deploy.local.commands.output import ERR, OUT, Yes, confirm, heard_or_not, print_table, say
from deploy.local.display import display
from deploy.local.failures import StackError
from deploy.local.home import shown
from deploy.local.stack import Stack

WATCH_S = 2.0


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready and leave it running.")] = False,
    port: Annotated[
        list[str] | None, typer.Option(help="NAME=PORT, e.g. alerts-api=9001. Refused if taken; others go free by themselves.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=5, help="Seconds that each stage may take; what dies is told at once.")] = 240,
    demo: Annotated[bool, typer.Option(help="Show a whole flow happening once everything is ready (not with --detach).")] = True,
) -> None:
    """Start the stack and keep it running until Ctrl-C. When it runs already: attach to it."""
    stack = Stack.here()
    wanted = _ports(port or [])
    with heard_or_not():
        if stack.is_whole():
            _attach(stack, wanted, detach=detach)
            return
        _obey_signals()
        try:
            _start(stack, wanted, timeout)
            if detach:
                return
            if demo:
                show_flows(stack)
            _watch(stack, "Ctrl-C ends it.")
        except KeyboardInterrupt:
            # From here on a second signal must not leave half of it running.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            ERR.print("Stopping ...")
            stack.down()
            ERR.print("Stopped; the data stays.")


def _attach(stack: Stack, wanted: dict[str, int], *, detach: bool) -> None:
    """Show and watch a stack that runs already."""
    taken = stack.ports()
    if refused := [f"{name}={port}" for name, port in wanted.items() if taken[name] != port]:
        sentence = f"The stack runs already, and --port {refused[0]} is not what it runs with."
        raise StackError(sentence, "`make stop` ends it; the next start takes the port")
    say("The stack is already running.")
    for name in stack.revive():
        say(f"{name} had ended and is started again.")
    _show(stack)
    if not detach:
        _watch(stack, "Ctrl-C leaves it running; `make stop` ends it.")


def _start(stack: Stack, wanted: dict[str, int], timeout_s: float) -> None:
    began = time.monotonic()
    with display(OUT) as show:
        stack.up(show, wanted_ports=wanted, timeout_s=timeout_s)
    say(f"Ready in {time.monotonic() - began:.0f} s.")
    _show(stack)


def _obey_signals() -> None:
    """A closed terminal ends the stack as Ctrl-C does, unless `nohup` has asked that it does not."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _ports(given: list[str]) -> dict[str, int]:
    wanted = {}
    for item in given:
        name, _, number = item.partition("=")
        if not number.isdecimal() or not 0 < int(number) < 65_536:
            raise StackError(f"--port {item} is not NAME=PORT.", "for example --port alerts-api=9001")
        wanted[name] = int(number)
    ports.check_names(wanted)
    return wanted


def _show(stack: Stack) -> None:
    """Where everything is."""
    print_table(("process", "kind", "url"), [(program.name, program.kind, program.url) for program in stack.programs()])
    say(f"Data and logs are in {shown(stack.home.path)}/. Look further: waybill status, logs -f, monitor, queues, env, token.")


def _watch(stack: Stack, how_it_ends: str) -> None:
    """Say what happens to processes, until Ctrl-C or until somebody ends the stack."""
    say(how_it_ends, style="dim")
    pids: dict[str, int] = {}
    try:
        while True:
            try:
                known = stack.supervisor.processes()
            except OSError:
                say("The stack has been stopped.")
                return
            for name, info in known.items():
                pid = int(info["pid"])
                if pids.setdefault(name, pid) != pid:
                    what = f"runs again as {pid}" if pid else f"ended ({str(info['statename']).lower()})"
                    say(f"{time.strftime('%H:%M:%S')} {name} {what}; `waybill logs {name}` says why")
                    pids[name] = pid
            time.sleep(WATCH_S)
    except KeyboardInterrupt:
        if how_it_ends.startswith("Ctrl-C ends"):
            raise
        say("Detached; the stack runs on.")


def down(
    remove_data: Annotated[bool, typer.Option("--remove-data", help="Also remove everything that is in .waybill/.")] = False,
    yes: Yes = False,
) -> None:
    """End every process of the stack, gently; also what a killed supervisor has left behind."""
    stack = Stack.here()
    if remove_data:
        confirm(f"Remove all data of the local stack in {shown(stack.home.path)}?", yes)
    ran = stack.down(remove_data=remove_data)
    say("Stopped." if ran else "Nothing runs.")
    if remove_data:
        say("The data of the stack is removed.")


def migrate() -> None:
    """Bring every schema of the running stack to this checkout's migrations."""
    stack = Stack.here()
    if not stack.is_running():
        raise StackError("The stack does not run, so there is no database to migrate.", "`make run`; it migrates as it starts")
    stack.migrate()
    say("All schemas are at their newest migration.")
