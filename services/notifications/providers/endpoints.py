"""Provider accounts and routes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.notifications import sending_deps
from services.notifications.auth import AdministeredOrganization, OverseenOrganization
from services.notifications.providers.errors import AccountNotFound, AccountUnusable, RouteNotFound
from services.notifications.providers.schemas import (
    AccountName,
    AccountOut,
    AccountPut,
    AccountStandingOut,
    ChannelName,
    RouteOut,
    RoutePut,
)
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, WriteDb
from shared.runtime.vault import NoEncryption

accounts = APIRouter(prefix="/v1/provider-accounts", tags=["provider-accounts"])
routes = APIRouter(prefix="/v1/provider-routes", tags=["provider-routes"])
standings = APIRouter(prefix="/v1/provider-standings", tags=["provider-standings"])

Name = Annotated[AccountName, Path(description="Unique in the organization.")]


@accounts.get("", name="list", summary="List an organization's provider accounts")
async def list_accounts(organization_id: AdministeredOrganization, request: Request, db: WriteDb) -> list[AccountOut]:
    """By name, without their credentials."""
    setup = sending_deps.provider_setup(db, runtime_of(request))
    return [
        AccountOut.of(account, sending_deps.backend_url(runtime_of(request))) for account in await setup.accounts(organization_id)
    ]


@accounts.get("/{name}", name="get", summary="Read a provider account", responses=problems(AccountNotFound))
async def get_account(
    name: Name, organization_id: AdministeredOrganization, request: Request, db: WriteDb, etag: ETag
) -> AccountOut:
    """Without its credentials."""
    found = await sending_deps.provider_setup(db, runtime_of(request)).account(organization_id, name)
    etag.show(found.revision)
    return AccountOut.of(found, sending_deps.backend_url(runtime_of(request)))


@accounts.put(
    "/{name}", name="put", summary="Create or replace a provider account", responses=problems(AccountUnusable, NoEncryption)
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
    """Its credentials are kept encrypted. Messages go by it once a route names it, within seconds."""
    setup = sending_deps.provider_setup(db, runtime_of(request))
    fields = (body.config, body.credentials, body.messages_per_second)
    kept = await setup.put(organization_id, name, body.kind, fields, if_match.check)
    etag.show(kept.revision)
    return AccountOut.of(kept, sending_deps.backend_url(runtime_of(request)))


@accounts.delete(
    "/{name}",
    name="delete",
    status_code=204,
    summary="Forget a provider account",
    responses=problems(AccountNotFound, AccountUnusable),
)
async def delete_account(name: Name, organization_id: AdministeredOrganization, request: Request, db: WriteDb) -> None:
    """Refused while a route names it."""
    await sending_deps.provider_setup(db, runtime_of(request)).remove(organization_id, name)


@routes.get("/{channel}", name="get", summary="Read by which accounts an organization sends")
async def get_route(channel: ChannelName, organization_id: AdministeredOrganization, request: Request, db: WriteDb) -> RouteOut:
    """The first choice in front."""
    names, is_own = await sending_deps.provider_setup(db, runtime_of(request)).route(organization_id, channel)
    return RouteOut(channel=channel, accounts=list(names), is_own=is_own)


@routes.put(
    "/{channel}",
    name="put",
    summary="Choose by which accounts an organization sends",
    responses=problems(AccountNotFound, AccountUnusable),
)
async def put_route(
    channel: ChannelName, body: RoutePut, organization_id: AdministeredOrganization, request: Request, db: WriteDb
) -> RouteOut:
    """Where the first one fails, urgent messages go by the next one at once, and others after their last retry."""
    await sending_deps.provider_setup(db, runtime_of(request)).put_route(organization_id, channel, body.accounts)
    return RouteOut(channel=channel, accounts=body.accounts, is_own=True)


@routes.delete(
    "/{channel}",
    name="delete",
    status_code=204,
    summary="Send by the installation's accounts again",
    responses=problems(RouteNotFound),
)
async def delete_route(channel: ChannelName, organization_id: AdministeredOrganization, request: Request, db: WriteDb) -> None:
    """What waits goes by them as well."""
    await sending_deps.provider_setup(db, runtime_of(request)).remove_route(organization_id, channel)


@standings.get("", name="list", summary="How accounts stand")
async def list_standings(organization_id: OverseenOrganization, db: Db, request: Request) -> list[AccountStandingOut]:
    """Which are left alone for now, and why, as all workers know it: the installation's, and organizations' own.

    Who is bound to an organization, or names one, sees that one's alone beside the installation's.
    """
    found = await sending_deps.standings(db, runtime_of(request), organization_id)
    return [AccountStandingOut.standing_of(standing, owner) for standing, owner in found]
