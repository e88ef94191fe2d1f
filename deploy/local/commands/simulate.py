"""`waybill simulate`: vehicles that drive over a bad link, against the running stack."""

import time
from collections.abc import Coroutine
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID, uuid4

import anyio
import httpx
import typer
from rich.markup import escape

from deploy.local.commands.output import ERR, Json, print_json, say
from deploy.local.failures import StackError
from deploy.local.keys import mint_token
from deploy.local.simulation.audit import Audit
from deploy.local.simulation.plan import MUMBAI, Plan, read_waypoints
from deploy.local.simulation.run import simulate
from deploy.local.stack import Stack

app = typer.Typer(help="Load, faults and something to look at: made-up devices on the running stack.", no_args_is_help=True)

E = TypeVar("E", bound=Exception)

SLACK_S: Final = 3600
_FINDINGS: Final = {
    "missing": "acknowledged, but not stored",
    "strange": "stored twice, otherwise than sent, or not acknowledged",
    "unanswered": "sent without any answer",
    "unfinished": "trips not completed",
    "miscounted": "vehicles whose drops are counted wrongly",
}


@app.command()
def trips(  # noqa: PLR0913, PLR0917 # typer makes an option of each argument
    vehicles: Annotated[int, typer.Option(min=1, max=2000, help="How many; each drives one trip.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, max=86_400, help="For how long each drives.")] = 60,
    interval: Annotated[float, typer.Option(min=0.05, max=600, help="Seconds between two points of a device.")] = 1,
    speed: Annotated[float, typer.Option(min=0.5, max=50, help="Of vehicles, in metres per second.")] = 15,
    loss: Annotated[float, typer.Option(min=0, max=0.9, help="Share of deliveries that are lost, or whose answer is.")] = 0,
    duplication: Annotated[float, typer.Option(min=0, max=0.9, help="Share of deliveries that come twice.")] = 0,
    reordering: Annotated[float, typer.Option(min=0, max=0.9, help="Share of points that come late.")] = 0,
    skew: Annotated[float, typer.Option(min=0, max=86_400, help="Seconds by which clocks of devices are wrong at most.")] = 0,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Points of one request.")] = 1,
    seed: Annotated[int, typer.Option(help="The same one decides the same.")] = 1,
    way: Annotated[str | None, typer.Option(help="`lat,lon;lat,lon;…` to drive along; through Mumbai without it.")] = None,
    organization: Annotated[UUID | None, typer.Option(help="For which they drive; one of their own without it.")] = None,
    json: Json = False,
) -> None:
    """Drive trips from offer to end, and compare what is stored with what was acknowledged. Exit code 1 when they differ."""
    waypoints = read_waypoints(way) if way else MUMBAI
    plan = Plan(vehicles, seconds, interval, speed, loss, duplication, reordering, skew, batch, seed, waypoints)
    stack = Stack.here()
    if not stack.can_be_asked():
        raise StackError("The stack does not run.", "`make run` starts it")
    whose = organization or uuid4()
    began = time.monotonic()
    found = anyio.run(_simulate, stack, plan, whose)
    took_s = time.monotonic() - began
    if json:
        print_json(_as_dict(found, whose, took_s))
    else:
        _show(found, plan, whose, took_s)
    raise typer.Exit(0 if found.passed else 1)


async def _simulate(stack: Stack, plan: Plan, organization_id: UUID) -> Audit:
    def token_of(subject: str) -> str:
        ttl_s = round(plan.seconds) + SLACK_S
        return mint_token(stack.home, subject=subject, roles=["operator"], organization_id=organization_id, ttl_s=ttl_s)

    url = stack.addresses.url("trips-api")
    with ERR.status("simulating") as line:
        return await _in_words(simulate(plan, url, token_of, lambda sentence: line.update(escape(sentence))))


async def _in_words(simulation: Coroutine[Any, Any, Audit]) -> Audit:
    """Say what an API has refused. Raises StackError."""
    try:
        return await simulation
    except* httpx.HTTPStatusError as errors:
        failed = _first(errors)
        said = f"{failed.request.method} {failed.request.url.path} was answered {failed.response.status_code}"
        raise StackError(f"{said}: {failed.response.text[:300]}", "see `waybill logs trips-api`") from None
    except* (httpx.TransportError, TimeoutError) as errors:
        raise StackError(f"The API of trips was away for too long: {_first(errors)}", "see `waybill status`") from None


def _first(errors: ExceptionGroup[E]) -> E:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _as_dict(found: Audit, organization_id: UUID, took_s: float) -> dict[str, Any]:
    findings = {name: getattr(found, name) for name in _FINDINGS}
    shown = {"passed": found.passed, "organization_id": str(organization_id), "seconds": round(took_s, 1)}
    return shown | {"stored": found.stored, **findings, "counts": dict(found.counts)}


def _show(found: Audit, plan: Plan, organization_id: UUID, took_s: float) -> None:
    say(f"{plan.vehicles:,} vehicles of organization {organization_id} in {took_s:.0f} s (seed {plan.seed})")
    for name, count in sorted(found.counts.items()):
        say(f"    {count:>8,} {name}")
    say(f"    {found.stored:>8,} stored")
    for name, what in _FINDINGS.items():
        if count := getattr(found, name):
            say(f"    {count:>8,} {what}", style="red")
    if found.passed:
        say("What is stored is what was acknowledged, each once; every trip is completed.", style="green")
