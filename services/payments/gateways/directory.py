"""Which accounts take an organization's payments, and the client of each: once per process.

An organization that has accounts of its own is paid through those alone: its money must not go to somebody else's account. All
others are paid through the installation's. What has been begun stays with its account, whatever is chosen later;
only new attempts go elsewhere.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.payments.gateways.calls import TIMING
from services.payments.gateways.errors import GatewayAccountNotFound, NoGateway
from services.payments.gateways.gateway import Gateway
from services.payments.gateways.models import GatewayAccount
from services.payments.gateways.repository import GatewayAccountReader
from shared.runtime.db import ReadSession

_CLOSING_S: Final = 2 * TIMING.call_s
"""How long a client that is used no more may still be at work."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account, ready to be used.

    key: unique among all organizations, as payments are stored with it. public_key: what a customer's page needs to open the
    gateway's form. webhook_secrets: all that are valid. organization_id: whose own it is; None for the installation's.
    """

    key: str
    gateway: Gateway
    public_key: str | None
    webhook_secrets: Sequence[str]
    organization_id: UUID | None = None


class Gateways:
    """The accounts of one process, which it ends with.

    installed: the installation's, by their gateways. default: the one that takes payments, by_currency: in its place. build:
    makes an organization's account usable; raises GatewayAccountUnusable and NoEncryption.
    """

    def __init__(
        self,
        installed: Mapping[str, Account],
        default: str | None,
        by_currency: Mapping[str, str],
        build: Callable[[GatewayAccount], Account],
    ) -> None:
        self._installed = installed
        self._default = default
        self._by_currency = by_currency
        self._build = build
        self._own: dict[UUID, tuple[int, Account]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def route(self, session: ReadSession, organization_id: UUID, currency: str) -> Sequence[Account]:
        """Who can take a new payment, the first choice in front; the others are for a new attempt where somebody chooses so.

        Raises NoGateway, and what `build` raises.
        """
        own = await GatewayAccountReader(session).active(organization_id)
        chosen = [self._account(one) for one in own if not one.currencies or currency in one.currencies]
        if chosen:
            return chosen
        installed = self._by_currency.get(currency, self._default)
        if own or installed is None:
            raise NoGateway(f"no account takes {currency}; set one up under /v1/gateway-accounts, or record payments by hand")
        return [self._installed[installed]]

    async def get(self, session: ReadSession, key: str) -> Account:
        """The account of a payment that has been begun, also one that takes no new ones.

        Raises GatewayAccountNotFound, and what `build` raises.
        """
        organization_id, _, name = key.rpartition("/")
        if not organization_id:
            return self.installed(name)
        return self._found(await GatewayAccountReader(session).named(UUID(organization_id), name))

    async def with_id(self, session: ReadSession, account_id: UUID) -> Account:
        """An organization's own, as its webhooks name it. Raises as `get`."""
        return self._found(await GatewayAccountReader(session).with_id(account_id))

    def installed(self, gateway: str) -> Account:
        """The installation's own account. Raises GatewayAccountNotFound."""
        found = self._installed.get(gateway)
        if found is None:
            raise GatewayAccountNotFound(f"the installation has no account at {gateway}")
        return found

    async def close(self) -> None:
        """Give back all connections."""
        for closing in tuple(self._closing):
            closing.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        for account in (*self._installed.values(), *(account for _, account in self._own.values())):
            await account.gateway.close()

    def _found(self, account: GatewayAccount | None) -> Account:
        if account is None:
            raise GatewayAccountNotFound("the account is not there any more; what was paid through it is to be looked up by hand")
        return self._account(account)

    def _account(self, stored: GatewayAccount) -> Account:
        version, known = self._own.get(stored.id, (0, None))
        if known is not None and version == stored.version:
            return known
        built = self._build(stored)
        self._own[stored.id] = (stored.version, built)
        if known is not None:
            closing = asyncio.create_task(_close_later(known.gateway))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        return built


async def _close_later(gateway: Gateway) -> None:
    """Close a client once what it was doing must have ended."""
    try:
        await asyncio.sleep(_CLOSING_S)
    finally:
        await gateway.close()
