"""Who a request was recognised to come from, and what they have shown."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What of a token can be revoked. None: the token does not say."""

    subject: str
    key_id: str | None
    token_id: str | None
    session_id: str | None
    issued_at: datetime
    organization_id: UUID | None

    def keys(self) -> dict[str, str]:
        """By what it can be refused, by kind."""
        found = {"subject": self.subject, "key": self.key_id, "token": self.token_id, "session": self.session_id}
        return {kind: key for kind, key in found.items() if key is not None}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a request.

    id: the token's subject, `service:<name>` for a service, `api_key:<id>` for an API key. Stable, and fit for logs.
    scopes: what the caller may do, with roles already resolved.
    organization_id: the tenant whose rows are all that the caller can see; None is bound to no tenant.
    expires_at: when the credentials end, for what goes on after they were checked; None for those that do not.
    shown: by what they are checked again then.
    """

    id: str
    kind: Literal["user", "service", "api_key"]
    scopes: frozenset[str]
    roles: frozenset[str] = frozenset()
    organization_id: UUID | None = None
    expires_at: datetime | None = field(default=None, compare=False)
    shown: TokenFacts | None = field(default=None, compare=False, repr=False)

    def may(self, *scopes: str) -> bool:
        """Whether the caller holds every one of `scopes`."""
        return self.scopes.issuperset(scopes)
