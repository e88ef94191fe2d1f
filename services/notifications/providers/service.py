"""Provider accounts and routes of organizations, as administrators set them up."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.notifications.providers.account_facts import KINDS, AccountFacts, facts_of
from services.notifications.providers.errors import AccountNotFound, AccountUnusable, RouteNotFound
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import AccountRow, ProviderRepository
from shared.runtime.clock import Clock
from shared.runtime.errors import PreconditionRequired
from shared.runtime.ids import uuid7
from shared.runtime.vault import Vault


class ProviderSetup:
    """Accounts and routes of one organization. defaults: by channel, the names of the installation's own accounts."""

    def __init__(self, providers: ProviderRepository, vault: Vault, defaults: Mapping[str, Sequence[str]], clock: Clock) -> None:
        self._providers = providers
        self._vault = vault
        self._defaults = defaults
        self._clock = clock

    async def accounts(self, organization_id: UUID) -> Sequence[ProviderAccount]:
        """All of the organization's, by name."""
        return await self._providers.accounts([organization_id])

    async def account(self, organization_id: UUID, name: str) -> ProviderAccount:
        """One of them. Raises AccountNotFound."""
        found = await self._providers.account(organization_id, name)
        if found is None:
            raise AccountNotFound("there is no account of this name; GET /v1/provider-accounts lists those that there are")
        return found

    async def put(
        self,
        organization_id: UUID,
        name: str,
        kind: str,
        fields: tuple[Mapping[str, Any], Mapping[str, str], float | None],
        expect: Callable[[int], None],
    ) -> ProviderAccount:
        """Create or replace an account. fields: config, credentials, messages per second.

        Raises AccountUnusable where they are not those of the kind, NoEncryption, and what `expect` raises.
        """
        if name in KINDS:
            raise AccountUnusable("that is the name of an account of the installation; choose another one")
        config, credentials, per_s = fields
        facts = _checked(kind, config, credentials)
        # Of two who create it at once, the second must seal under the id that the first has given it.
        await self._providers.hold(organization_id, name)
        known = await self._providers.account(organization_id, name)
        try:
            expect(known.revision if known is not None else 0)
        except PreconditionRequired:
            if known is not None:
                raise
        account_id = known.id if known is not None else uuid7()
        key_id, secret = self._vault.seal(account_id, credentials)
        row = AccountRow(account_id, organization_id, name, kind, facts.channel, json.dumps(config), secret, key_id, per_s)
        await self._providers.put_account(row, self._clock())
        return await self.account(organization_id, name)

    async def remove(self, organization_id: UUID, name: str) -> None:
        """Forget an account. Raises AccountNotFound, and AccountUnusable while a route names it."""
        found = await self.account(organization_id, name)
        route = await self._providers.route(organization_id, found.channel)
        if route is not None and name in route.accounts:
            raise AccountUnusable("the organization's route names it; change the route first")
        await self._providers.remove_account(organization_id, name)

    async def route(self, organization_id: UUID, channel: str) -> tuple[Sequence[str], bool]:
        """The accounts of a channel, and whether the organization has chosen them."""
        found = await self._providers.route(organization_id, channel)
        return (found.accounts, True) if found is not None else (self._defaults[channel], False)

    async def put_route(self, organization_id: UUID, channel: str, accounts: Sequence[str]) -> None:
        """Send by these accounts from now on. Raises AccountNotFound for one that is not there or carries another channel."""
        if len(set(accounts)) < len(accounts):
            raise AccountUnusable("an account stands twice in the route; name each once")
        own = {one.name for one in await self._providers.accounts([organization_id]) if one.channel == channel}
        missing = [name for name in accounts if name not in own and name not in self._defaults[channel]]
        if missing:
            known = ", ".join([*sorted(own), *self._defaults[channel]]) or "none yet"
            raise AccountNotFound(f"no account {missing[0]} carries this channel; there are: {known}")
        await self._providers.put_route(organization_id, channel, accounts, self._clock())

    async def remove_route(self, organization_id: UUID, channel: str) -> None:
        """Send by the installation's accounts again. Raises RouteNotFound."""
        if await self._providers.route(organization_id, channel) is None:
            raise RouteNotFound("the organization has no route of its own for this channel; it sends by the installation's")
        await self._providers.remove_route(organization_id, channel)


def _checked(kind: str, config: Mapping[str, Any], credentials: Mapping[str, str]) -> AccountFacts:
    secrets = KINDS[kind].secrets()
    for name in config:
        if name in secrets:
            raise AccountUnusable(f"{name} is a secret; put it into credentials")
        if name == "url":
            raise AccountUnusable("where a provider is reached is the installation's affair; leave url out")
    if wrong := sorted(set(credentials) - secrets):
        raise AccountUnusable(f"{wrong[0]} is no credential of {kind}; these are: {', '.join(sorted(secrets))}")
    try:
        return facts_of(kind, {**config, **credentials})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise AccountUnusable(f"{name or kind}: {first['msg'].removeprefix('Value error, ')}") from None
