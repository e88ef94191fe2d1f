"""Scopes are `<service>:read`, `<service>:write` and `<service>:admin`. Roles stand for sets of them.

Holding `write` does not imply `read`: an endpoint names what it needs, and a role gives all that its holder needs.
"""

from collections.abc import Iterable
from typing import Final

from shared.contracts.lanes import SERVICES

ACTIONS: Final = ("read", "write", "admin")
SCOPES: Final = frozenset(f"{service}:{action}" for service in SERVICES for action in ACTIONS)


def _over_all_services(*actions: str) -> frozenset[str]:
    return frozenset(f"{service}:{action}" for service in SERVICES for action in actions)


ROLES: Final[dict[str, frozenset[str]]] = {
    "viewer": _over_all_services("read"),
    "operator": _over_all_services("read", "write"),
    "admin": _over_all_services("read", "write", "admin"),
}
"""`admin` alone may control tasks, purge and replay."""

SERVICE_SCOPES: Final[dict[str, frozenset[str]]] = {
    service: ROLES["admin"] if service == "analytics" else ROLES["operator"] for service in SERVICES
}
"""The most that a service's own key can give. Analytics operates the task system of all services."""


def granted(scopes: Iterable[str], roles: Iterable[str]) -> frozenset[str]:
    """What the scopes and roles allow together. Names that Waybill does not know give nothing."""
    return frozenset(scopes).intersection(SCOPES).union(*(ROLES.get(role, frozenset()) for role in roles))
