"""Demonstration flows: each shows one whole piece of business on fresh data, and checks each of its effects.

A flow is a module `deploy/local/flows/<name>.py` with a docstring and `async def run(stack: RunningStack) -> FlowResult`.
"""

import importlib
import pkgutil
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import httpx

from deploy.local import flows
from deploy.local.clients import client_of
from deploy.local.failures import StackError
from deploy.local.keys import mint_token
from deploy.local.stack import Stack
from deploy.local.timelines import Timeline


@dataclass(frozen=True)
class Check:
    """One effect that the flow must have. `found` says what was seen, for people."""

    name: str
    passed: bool
    found: str = ""


@dataclass(frozen=True)
class FlowResult:
    """What a flow did. counts: how many of each thing there were, by what they are. timelines: of messages that it sent."""

    checks: tuple[Check, ...]
    counts: Mapping[str, int]
    timelines: tuple[Timeline, ...] = ()
    flow: str = ""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(check.passed for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {"passed": self.passed} | asdict(self)


class RunningStack:
    """The running stack as a flow sees it: the services' APIs and the outside world, over HTTP.

    operator: who asks, another one in each run: what an earlier run has asked does not count towards the pace of this one.
    brief: fewer data, for a start that people wait for. tell: takes a sentence on how far a flow is, for people. is_elsewhere:
    nobody here can stop its processes.
    """

    def __init__(self, stack: Stack, *, brief: bool = False, tell: Callable[[str], None] = lambda _: None) -> None:
        self.brief = brief
        self.tell = tell
        self.operator = f"operator:demo-{secrets.token_hex(4)}"
        self.home = stack.home
        self.ports = stack.ports()
        self._addresses = stack.addresses
        self.is_elsewhere = bool(self._addresses.hosts)

    def url(self, process: str) -> str:
        """The base URL of a process: `alerts-api`, `sandbox`."""
        return self._addresses.url(process)

    def api(self, service: str, *, role: str = "operator") -> httpx.AsyncClient:
        """A client of a service's API that holds a token with the role."""
        token = mint_token(self.home, subject=self.operator, roles=[role], ttl_s=900)
        headers = {"Authorization": f"Bearer {token}"}
        return client_of(self.url(f"{service}-api"), headers)

    def sandbox(self) -> httpx.AsyncClient:
        """A client of the stand-ins for outside providers: the mailbox."""
        return client_of(self.url("sandbox"))


def known_flows() -> dict[str, str]:
    """Every flow's name and what it shows."""
    names = sorted(module.name for module in pkgutil.iter_modules(flows.__path__))
    return {name: _first_line(name) for name in names}


def _first_line(name: str) -> str:
    module = importlib.import_module(f"{flows.__name__}.{name}")
    return (module.__doc__ or "").strip().partition("\n")[0]


async def run_flow(name: str, stack: RunningStack) -> FlowResult:
    """Run one flow. Whatever goes wrong in it is a check that failed, so that the other flows still run."""
    if name not in known_flows():
        raise StackError(f"There is no flow called {name}.", f"choose from {', '.join(known_flows()) or 'none, so far'}")
    module = importlib.import_module(f"{flows.__name__}.{name}")
    began = time.monotonic()
    try:
        result: FlowResult = await module.run(stack)
    except (httpx.HTTPError, TimeoutError, LookupError, ValueError, AssertionError) as error:
        result = FlowResult((Check("the flow runs to its end", False, _words(error)),), {})
    return replace(result, flow=name, seconds=round(time.monotonic() - began, 2))


def _words(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        request, answer = error.request, error.response
        return f"{request.method} {request.url} was answered {answer.status_code}: {answer.text[:300]}"
    return f"{type(error).__name__}: {error}"
