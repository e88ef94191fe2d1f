"""All message types by name."""

from collections.abc import Iterator
from functools import cache
from types import ModuleType

from shared.contracts import alerts, analytics, notifications, payments, trips
from shared.contracts.lanes import Lane
from shared.contracts.message import Command, Event, Message

MODULES: list[ModuleType] = [alerts, analytics, notifications, payments, trips]


@cache
def messages() -> dict[str, type[Message]]:
    """Every contract, by its name. A name used twice is an error."""
    found: dict[str, type[Message]] = {}
    for message in _declared():
        name = message.contract.name
        if found.setdefault(name, message) is not message:
            raise ValueError(f"two message types are called {name}")
    return dict(sorted(found.items()))


def _declared() -> Iterator[type[Message]]:
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Message) and "contract" in vars(value):
                yield value


def include(module: ModuleType) -> None:
    """Add a module of contracts that are none of the product's: the probes of benchmarks and fault runs."""
    if module not in MODULES:
        MODULES.append(module)
        messages.cache_clear()


def consumed_by(service: str) -> dict[str, tuple[type[Message], tuple[Lane, ...]]]:
    """What `service` must have a handler for: its own commands, and events that its lanes subscribe to."""
    wanted: dict[str, tuple[type[Message], tuple[Lane, ...]]] = {}
    for name, message in messages().items():
        mine = tuple(lane for lane in message.contract.lanes if lane.owner == service)
        if mine and (issubclass(message, Event) or (issubclass(message, Command) and message.contract.owner == service)):
            wanted[name] = (message, mine)
    return wanted
