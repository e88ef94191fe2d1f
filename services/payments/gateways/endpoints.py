"""Gateway accounts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.payments import gateways_deps
from services.payments.auth import AdministeredOrganization, OverseeingAdmin
from services.payments.gateways.errors import GatewayAccountActive, GatewayAccountNotFound, GatewayAccountUnusable
from services.payments.gateways.schemas import AccountName, AccountOut, AccountPut
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.outside.standings import StandingOut
from shared.runtime.vault import NoEncryption

accounts = APIRouter(prefix="/v1/gateway-accounts", tags=["gateway-accounts"])
standings = APIRouter(prefix="/v1/gateway-standings", tags=["gateway-standings"])

Name = Annotated[AccountName, Path(description="Unique in the organization.")]


@accounts.get("", name="list", summary="List an organization's gateway accounts")
async def list_accounts(organization_id: AdministeredOrganization, request: Request, db: WriteDb) -> list[AccountOut]:
    """By name, without their credentials."""
    setup, url = gateways_deps.gateway_setup(db, runtime_of(request)), gateways_deps.backend_url(runtime_of(request))
    return [AccountOut.of(account, url) for account in await setup.all(organization_id)]


@accounts.get("/{name}", name="get", summary="Read a gateway account", responses=problems(GatewayAccountNotFound))
async def get_account(
    name: Name, organization_id: AdministeredOrganization, request: Request, db: WriteDb, etag: ETag
) -> AccountOut:
    """Without its credentials."""
    found = await gateways_deps.gateway_setup(db, runtime_of(request)).one(organization_id, name)
    etag.show(found.version)
    return AccountOut.of(found, gateways_deps.backend_url(runtime_of(request)))


@accounts.put(
    "/{name}",
    name="put",
    summary="Create or replace a gateway account",
    responses=problems(GatewayAccountUnusable, NoEncryption),
)
async def put_account(
    *,
    name: Name,
    body: AccountPut,
    organization_id: AdministeredOrganization,
    request: Request,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> AccountOut:
    """Its credentials are kept encrypted. New payments of the organization in its currencies go through it from now on."""
    setup = gateways_deps.gateway_setup(db, runtime_of(request))
    kept = await setup.put(organization_id, name, body.facts, body.use, if_match.check)
    etag.show(kept.version)
    return AccountOut.of(kept, gateways_deps.backend_url(runtime_of(request)))


@accounts.delete(
    "/{name}",
    name="delete",
    status_code=204,
    summary="Forget a gateway account",
    responses=problems(GatewayAccountNotFound, GatewayAccountActive),
)
async def delete_account(name: Name, organization_id: AdministeredOrganization, request: Request, db: WriteDb) -> None:
    """Refused while it takes payments. Nothing that was paid through it can be refunded after that."""
    await gateways_deps.gateway_setup(db, runtime_of(request)).remove(organization_id, name)


@accounts.get(
    "/{name}/standing",
    name="standing",
    summary="How a gateway account stands",
    responses=problems(GatewayAccountNotFound),
)
async def account_standing(name: Name, organization_id: AdministeredOrganization, request: Request, db: ReadDb) -> StandingOut:
    """Whether it is left alone for now, and why: as all workers know it."""
    return StandingOut.of(await gateways_deps.standing_of(db, runtime_of(request), organization_id, name))


@standings.get("", name="list", summary="How the installation's gateway accounts stand")
async def list_standings(principal: OverseeingAdmin, request: Request) -> list[StandingOut]:  # noqa: ARG001 - it demands the scope
    """Which are left alone for now, and why: as all workers know it."""
    return [StandingOut.of(one) for one in await gateways_deps.standings(runtime_of(request))]
