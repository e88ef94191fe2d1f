"""Gateway accounts of organizations, as administrators set them up."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.payments.gateways.account_facts import FACTS, AccountFacts
from services.payments.gateways.errors import GatewayAccountActive, GatewayAccountNotFound, GatewayAccountUnusable
from services.payments.gateways.models import GatewayAccount
from services.payments.gateways.repository import AccountRow, GatewayAccountRepository
from shared.runtime.clock import Clock
from shared.runtime.errors import PreconditionRequired
from shared.runtime.ids import uuid7
from shared.runtime.vault import Vault


@dataclass(frozen=True, slots=True)
class Use:
    """currencies: for which an account is chosen; none for all. rank: the lowest one is the first choice. active: whether it
    takes new payments; refunds, captures and reports of old ones go on all the same."""

    currencies: Sequence[str]
    rank: int
    active: bool


class GatewaySetup:
    """The accounts of one organization at a time."""

    def __init__(self, accounts: GatewayAccountRepository, vault: Vault, clock: Clock) -> None:
        self._accounts = accounts
        self._vault = vault
        self._clock = clock

    async def all(self, organization_id: UUID) -> Sequence[GatewayAccount]:
        """By name."""
        return await self._accounts.all(organization_id)

    async def one(self, organization_id: UUID, name: str) -> GatewayAccount:
        """Raises GatewayAccountNotFound."""
        found = await self._accounts.named(organization_id, name)
        if found is None:
            raise GatewayAccountNotFound("there is no account of this name; GET /v1/gateway-accounts lists those that there are")
        return found

    async def put(
        self, organization_id: UUID, name: str, facts: AccountFacts, use: Use, expect: Callable[[int], None]
    ) -> GatewayAccount:
        """Create or replace an account.

        Raises GatewayAccountUnusable for a name that the installation uses itself, or one that stands for another gateway,
        NoEncryption, and what `expect` raises.
        """
        if name in FACTS:
            raise GatewayAccountUnusable("that is the name of an account of the installation; choose another one")
        # Of two who create it at once, the second must seal under the id that the first has given it.
        await self._accounts.hold(organization_id, name)
        known = await self._accounts.named(organization_id, name)
        _check(expect, known)
        if known is not None and known.gateway != facts.kind:
            raise GatewayAccountUnusable(f"payments of this name are at {known.gateway}; give the new account another name")
        account_id = known.id if known is not None else uuid7()
        config, secrets = facts.parted()
        key_id, sealed = self._vault.seal(account_id, secrets)
        row = AccountRow(
            account_id,
            organization_id,
            name,
            facts.kind,
            list(use.currencies),
            use.rank,
            use.active,
            json.dumps(config),
            sealed,
            key_id,
        )
        await self._accounts.put(row, self._clock())
        return await self.one(organization_id, name)

    async def remove(self, organization_id: UUID, name: str) -> None:
        """Forget an account and its credentials. Raises GatewayAccountNotFound, and GatewayAccountActive while it takes
        payments."""
        await self._accounts.hold(organization_id, name)
        if (await self.one(organization_id, name)).active:
            raise GatewayAccountActive(
                "without its credentials nothing can be refunded any more; set active to false, and remove it when all is done"
            )
        await self._accounts.remove(organization_id, name)


def _check(expect: Callable[[int], None], known: GatewayAccount | None) -> None:
    """Whether the caller has seen the version that is there; who creates an account has seen none."""
    try:
        expect(known.version if known is not None else 0)
    except PreconditionRequired:
        if known is not None:
            raise
