"""The accounts by which one process sends over one channel: the defaults of the settings, and organizations' own."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

import redis.asyncio as redis

from services.notifications.email.mime import Mailbox
from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.blocks import WINDOW_S, Blocks
from services.notifications.providers.ceilings import Ceiling
from services.notifications.providers.findings import finding
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader
from shared.runtime.db import ReadSession
from shared.runtime.errors import ServiceError
from shared.runtime.outside.circuits import Circuits, Standing
from shared.runtime.outside.rates import Rates
from shared.runtime.outside.tally import Tally

logger = logging.getLogger(__name__)

REPORTED_EVERY_S: Final = 30.0
"""How often a process looks at what was refused after it had been taken."""
FRESH_S: Final = 10.0
"""How long a process goes by the routes that it has read; a change of an account is heeded after that."""

Out_contra = TypeVar("Out_contra", contravariant=True)
Out = TypeVar("Out")


class Provider(Protocol[Out_contra]):
    """What carries messages of one channel. Lives as long as its process, and owns its connections.

    concurrency: how many it can carry at once.
    """

    concurrency: int

    async def send(self, outgoing: Out_contra, /) -> Answer:
        """Send one, within the provider's own time-outs (25 s). Never raises for what happens outside."""
        ...

    async def close(self) -> None:
        """Give back the connections."""
        ...


@dataclass(slots=True)
class Carrier(Generic[Out]):
    """One account, ready to send.

    name: as attempts name it. key: unique among all organizations. sender: of its e-mails; None for the service's own. per_s: its
    configured ceiling; None for the usual one, or the provider's. organization_id: whose own account it is; stored: its id and
    revision. None for one of the settings.
    """

    name: str
    key: str
    kind: str
    provider: Provider[Out]
    sender: Mailbox | None = None
    per_s: float | None = None
    organization_id: UUID | None = None
    stored: tuple[UUID, int] | None = None
    slots: asyncio.Semaphore = field(init=False)
    ceiling: Ceiling = field(init=False)

    def __post_init__(self) -> None:
        self.ceiling = Ceiling(self.kind, self.provider, self.per_s)
        self.slots = asyncio.Semaphore(self.provider.concurrency)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all workers know of accounts together."""

    circuits: Circuits
    rates: Rates
    blocks: Blocks
    tally: Tally

    @classmethod
    def of(cls, client: "redis.Redis", service: str, *, time_factor: float = 1.0) -> "Shared":
        """As one process sees it. time_factor: shrinks for how long what fails is left alone."""
        circuits = Circuits(client, service, time_factor=time_factor)
        return cls(circuits, Rates(client, service), Blocks(client, service), Tally(client, service))


@dataclass(slots=True)
class _Route(Generic[Out]):
    read_at: float
    is_own: bool
    carriers: Sequence[Carrier[Out]]


class Carriers(Generic[Out]):
    """The accounts of one channel. One per process and channel, which it ends with.

    build: makes a carrier of a stored account; raises ServiceError where its settings or credentials cannot be used.
    """

    def __init__(
        self,
        channel: str,
        defaults: Sequence[Carrier[Out]],
        build: Callable[[ProviderAccount], Carrier[Out]],
        shared: Shared,
    ) -> None:
        self._channel = channel
        self._defaults = {carrier.name: carrier for carrier in defaults}
        self._build = build
        self._own: dict[tuple[UUID, str], Carrier[Out]] = {}
        self._routes: dict[UUID, _Route[Out]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._shared = shared
        self._looked_at = time.monotonic()
        self.circuits = shared.circuits
        self.rates = shared.rates

    @property
    def concurrency(self) -> int:
        """How many messages all accounts together can be given at once."""
        return max([1, *(one.provider.concurrency for one in (*self._defaults.values(), *self._own.values()))])

    async def read(self, session: ReadSession, organization_ids: set[UUID]) -> None:
        """Make sure that the routes of these organizations are known, and how all of their accounts stand."""
        stale = time.monotonic() - FRESH_S
        unread = [one for one in sorted(organization_ids) if one not in self._routes or self._routes[one].read_at < stale]
        if unread:
            await self._read_routes(session, unread)
        routed = (carrier for one in organization_ids for carrier in self._routes[one].carriers)
        await self._look_at_reports(session)
        await self._shared.tally.flush()
        await self.circuits.refresh(carrier.key for carrier in (*self._defaults.values(), *routed))

    def route(self, organization_id: UUID | None) -> Sequence[Carrier[Out]]:
        """An organization's accounts, the first choice in front. Empty where nobody carries this channel, or where it has a route
        of its own of which nothing can be used: its messages must not go out under somebody else's name."""
        if organization_id is not None and self._routes[organization_id].is_own:
            return self._routes[organization_id].carriers
        return list(self._defaults.values())

    def has_own_route(self, organization_id: UUID) -> bool:
        """Whether an organization has chosen its accounts itself."""
        return self._routes[organization_id].is_own

    def standings(self, route: Sequence[Carrier[Out]]) -> list[Standing]:
        """How these accounts stand, by their names."""
        states = ((carrier.name, self.circuits.standing(carrier.key)) for carrier in route)
        return [Standing(name, one.closed_s, one.closed_since_s, one.refuses_us) for name, one in states]

    async def report(self, carrier: Carrier[Out], answer: Answer, took_s: float) -> None:
        """Tell all workers what an answer says of its account: whether it takes messages, whether it was given too many, and
        whether too much is refused for what it says.

        An account that is merely away (without a code of its own) has refused no rate, and one that was not asked no text.
        """
        is_own, verdict = carrier.organization_id is not None, answer.verdict
        await self._shared.tally.count(carrier.kind, verdict.value, is_own=is_own, at_once=verdict is not Verdict.ACCEPTED)
        await self.circuits.report(carrier.key, finding(answer, took_s))
        pause = await self._shared.blocks.answered(carrier.key, blocked=answer.is_against_account)
        if pause is not None:
            await self.circuits.report(carrier.key, pause)
        if answer.verdict is Verdict.THROTTLED and answer.code is not None:
            rests_s = answer.retry_after_s if answer.closes else 0.0
            await self.rates.slow(carrier.key, await carrier.ceiling.per_s(), rests_s)

    async def close(self) -> None:
        """Give back all connections."""
        for carrier in (*self._defaults.values(), *self._own.values()):
            await carrier.provider.close()
        for closing in tuple(self._closing):
            closing.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _look_at_reports(self, session: ReadSession) -> None:
        """Pause accounts of which too much was refused after it had been taken."""
        if time.monotonic() - self._looked_at < REPORTED_EVERY_S:
            return
        self._looked_at = time.monotonic()
        refusals = await ProviderReader(session).blocked_since(timedelta(seconds=WINDOW_S))
        for account, pause in (await self._shared.blocks.reported(refusals)).items():
            await self.circuits.report(account, pause)

    async def _read_routes(self, session: ReadSession, organization_ids: Sequence[UUID]) -> None:
        reader = ProviderReader(session)
        routes = await reader.routes(self._channel, organization_ids)
        accounts = {(one.organization_id, one.name): one for one in (await reader.accounts(list(routes)) if routes else [])}
        now = time.monotonic()
        for one in organization_ids:
            names = routes.get(one, ())
            found = [self._carrier(one, name, accounts) for name in names]
            self._routes[one] = _Route(now, one in routes, [carrier for carrier in found if carrier is not None])
            for owner, name in [key for key in self._own if key[0] == one and key[1] not in names]:
                self._give_up(owner, name)

    def _carrier(
        self, organization_id: UUID, name: str, accounts: Mapping[tuple[UUID, str], ProviderAccount]
    ) -> Carrier[Out] | None:
        account = accounts.get((organization_id, name))
        if account is None:
            return self._defaults.get(name)
        known = self._own.get((organization_id, name))
        if known is not None and known.stored == (account.id, account.revision):
            return known
        self._give_up(organization_id, name)
        try:
            self._own[organization_id, name] = built = self._build(account)
        except ServiceError as error:
            logger.warning("provider_account_unusable", extra={"account": name, "code": error.code})
            return None
        return built

    def _give_up(self, organization_id: UUID, name: str) -> None:
        """Use an account no more. What it is still sending is not cut off; its connections are closed after that."""
        carrier = self._own.pop((organization_id, name), None)
        if carrier is not None:
            closing = asyncio.create_task(_close_when_idle(carrier))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


async def _close_when_idle(carrier: Carrier[Out]) -> None:
    try:
        for _ in range(carrier.provider.concurrency):
            await carrier.slots.acquire()
    finally:
        await carrier.provider.close()
