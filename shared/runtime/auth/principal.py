"""Who a request was recognised to come from."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request.

    id: the token's subject, `service:<name>` for a service, `api_key:<id>` for an API key. Stable, and fit for logs.
    scopes: what the caller may do, with roles already resolved.
    organization_id: the tenant whose rows are all that the caller can see; None is bound to no tenant.
    """

    id: str
    kind: Literal["user", "service", "api_key"]
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    organization_id: UUID | None = None

    def may(self, *scopes: str) -> bool:
        """Whether the caller holds every one of `scopes`."""
        return self.scopes.issuperset(scopes)
