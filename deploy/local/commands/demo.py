"""`waybill demo`: whole flows on the running stack, each effect checked."""

from typing import Annotated, Final

import anyio
import typer
from rich.markup import escape

from deploy.local.commands.output import ERR, OUT, Json, print_json, say
from deploy.local.commands.timelines import show_timelines
from deploy.local.demo import FlowResult, RunningStack, known_flows, run_flow
from deploy.local.failures import StackError
from deploy.local.stack import Stack

BRIEF_CHECKS: Final = 20
ANYWHERE: Final = ("alerts",)
"""The flows that need nothing but what the services answer."""


def demo(
    flow: Annotated[list[str] | None, typer.Option(help="Which one; may be repeated. All of them if none is named.")] = None,
    json: Json = False,
) -> None:
    """Run whole flows on fresh data against the running stack. Exit code 1 when an effect is missing."""
    stack = Stack.here()
    if not stack.can_be_asked():
        raise StackError("The stack does not run.", "`make run` starts it")
    names = flow or list(known_flows())
    if stack.is_elsewhere and (others := [name for name in names if name not in ANYWHERE]):
        sentence = f"The flow {others[0]} looks into files and processes of a local stack, and this one's are containers."
        raise StackError(sentence, f"`--flow {ANYWHERE[0]}`, or `make run` and the flow there")
    results = [_run(name, stack) for name in names]
    if json:
        print_json(
            {
                "passed": bool(results) and all(result.passed for result in results),
                "flows": [result.as_dict() for result in results],
            }
        )
    else:
        for result in results:
            if result.timelines:
                show_timelines(result.timelines)
            _show(result)
    raise typer.Exit(0 if results and all(result.passed for result in results) else 1)


def show_flows(stack: Stack) -> None:
    """Show every flow once, after a start; one that fails is shown and ends nothing."""
    for name, what in known_flows().items():
        say(f"\n{what}")
        _show(_run(name, stack, brief=True), brief=True)


def _run(name: str, stack: Stack, *, brief: bool = False) -> FlowResult:
    """Run a flow; on a terminal, a line that is gone afterwards tells how far it is."""
    with ERR.status(escape(name)) as line:

        def tell(sentence: str) -> None:
            line.update(escape(sentence))

        return anyio.run(run_flow, name, RunningStack(stack, brief=brief, tell=tell))


def _show(result: FlowResult, *, brief: bool = False) -> None:
    """brief: of many checks only those that have failed."""
    verdict = "[green]ok[/]" if result.passed else "[red]FAILED[/]"
    OUT.print(f"{verdict} {escape(result.flow)} ({result.seconds:.1f} s)", highlight=False)
    left_out = brief and len(result.checks) > BRIEF_CHECKS
    for check in result.checks:
        if left_out and check.passed:
            continue
        mark = "[green]✔[/]" if check.passed else "[red]✘[/]"
        OUT.print(f"  {mark} {escape(check.name)}{escape(check.found and f': {check.found}')}", highlight=False, soft_wrap=True)
    for name, count in result.counts.items():
        say(f"    {count:>8,} {name}")
    if left_out:
        passed = sum(check.passed for check in result.checks)
        say(f"    {passed:>8,} checks passed; `waybill demo --flow {result.flow}` shows each")
    failed = [check for check in result.checks if not check.passed]
    if failed:
        more = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
        say(f"{result.flow}: {len(failed)} of {len(result.checks)} checks failed: {failed[0].name}{more}.", style="red")
