"""How the gateways are put together: accounts of the settings and of organizations, for endpoints and effects alike."""

from collections.abc import Sequence
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.asyncio as redis

from services.payments.gateways.directory import Gateways
from services.payments.gateways.errors import GatewayAccountNotFound
from services.payments.gateways.factory import Factory
from services.payments.gateways.repository import GatewayAccountReader, GatewayAccountRepository
from services.payments.gateways.service import GatewaySetup
from services.payments.gateways.settings import GatewaySettings
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outside.circuits import Circuits, Standing
from shared.runtime.process import ProcessRuntime
from shared.runtime.settings import ServiceSettings
from shared.runtime.vault import Vault

_gateways: WeakKeyDictionary["redis.Redis", Gateways] = WeakKeyDictionary()


def gateways(runtime: ProcessRuntime | HttpRuntime) -> Gateways:
    """The accounts of this process, made once. An effect that uses them closes them when it ends."""
    if runtime.redis not in _gateways:
        _gateways[runtime.redis] = gateways_with(own_settings(runtime.settings), runtime.redis, runtime.clock)
    return _gateways[runtime.redis]


def gateways_with(settings: GatewaySettings, client: "redis.Redis", clock: Clock) -> Gateways:
    """Accounts of their own for whoever closes them."""
    circuits = Circuits(client, settings.service, time_factor=settings.time_factor)
    factory = Factory(settings, circuits, clock)
    return Gateways(factory.installed(), settings.payment_gateway, settings.gateways_by_currency, factory.own)


def gateway_setup(session: Session, runtime: HttpRuntime) -> GatewaySetup:
    """Setting up accounts in the session's unit of work."""
    vault = Vault(own_settings(runtime.settings).encryption)
    return GatewaySetup(GatewayAccountRepository(session), vault, runtime.clock)


def backend_url(runtime: HttpRuntime) -> str:
    """This API as gateways reach it."""
    return own_settings(runtime.settings).backend_url


async def standings(runtime: HttpRuntime) -> Sequence[Standing]:
    """How the installation's accounts stand with all workers."""
    return list((await _circuits(runtime).states(own_settings(runtime.settings).installed_gateways)).values())


async def standing_of(session: ReadSession, runtime: HttpRuntime, organization_id: UUID, name: str) -> Standing:
    """How an organization's account stands with all workers. Raises GatewayAccountNotFound."""
    found = await GatewayAccountReader(session).named(organization_id, name)
    if found is None:
        raise GatewayAccountNotFound("there is no account of this name; GET /v1/gateway-accounts lists those that there are")
    standing = (await _circuits(runtime).states([found.key]))[found.key]
    return Standing(name, standing.closed_s, standing.closed_since_s, standing.refuses_us)


def own_settings(settings: ServiceSettings) -> GatewaySettings:
    """The service's settings by their own type."""
    assert isinstance(settings, GatewaySettings)
    return settings


def _circuits(runtime: HttpRuntime) -> Circuits:
    return Circuits(runtime.redis, runtime.settings.service)
