"""/v1/access/api-keys: keys for machines."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.analytics import access_deps
from services.analytics.api_keys.errors import AlreadyExpired, ApiKeyNotFound, ScopeNotHeld
from services.analytics.api_keys.repository import IssuedKeyReader
from services.analytics.api_keys.schemas import ApiKeyIn, ApiKeyOut, ApiKeyWithSecret
from services.analytics.auth import AnalyticsAdmin
from services.analytics.organizations.errors import OrganizationNotFound
from shared.runtime.auth.tenancy import ForeignOrganization, organization_of
from shared.runtime.http.cursors import Page, PageRequest, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/access/api-keys", tags=["api keys"])

KeyId = Annotated[str, Path(pattern=r"^[a-z0-9]{12}$", description="The part between the two underscores.")]


@router.get("", name="list", summary="List API keys")
async def list_keys(principal: AnalyticsAdmin, db: ReadDb, paging: Paging) -> Page[ApiKeyOut]:
    """The newest first, revoked ones, too. No secret is ever shown again."""
    rows = await IssuedKeyReader(db).newest(principal.organization_id, after=_after(paging), limit=paging.fetch)
    return paging.page(rows, ApiKeyOut, key=lambda row: (row.created_at, row.id))


@router.post(
    "",
    name="create",
    status_code=201,
    summary="Create an API key",
    responses=problems(ScopeNotHeld, AlreadyExpired, OrganizationNotFound, ForeignOrganization),
)
async def create(
    principal: AnalyticsAdmin, body: ApiKeyIn, request: Request, response: Response, db: WriteDb
) -> ApiKeyWithSecret:
    """The key is in this answer alone, and opens every service within seconds. If the answer was lost, revoke the key and create
    another one: it takes no Idempotency-Key, because a kept answer would keep the secret."""
    organization_id = organization_of(principal, body.organization_id)
    keys = access_deps.issued_keys(db, runtime_of(request), by=principal.id)
    created, text = await keys.create(body, organization_id, principal)
    response.headers["Location"] = f"/v1/access/api-keys/{created.id}"
    return ApiKeyWithSecret(**ApiKeyOut.model_validate(created).model_dump(), key=text)


@router.post("/{key_id}/revoke", name="revoke", summary="Revoke an API key", responses=problems(ApiKeyNotFound))
async def revoke(principal: AnalyticsAdmin, key_id: KeyId, request: Request, db: WriteDb) -> ApiKeyOut:
    """It opens nothing any more, for good, at every service within seconds."""
    runtime = runtime_of(request)
    runtime.authenticator.forget()
    keys = access_deps.issued_keys(db, runtime, by=principal.id)
    return ApiKeyOut.model_validate(await keys.revoke(key_id, principal.organization_id))


def _after(paging: PageRequest) -> tuple[datetime, str] | None:
    if paging.after is None:
        return None
    created_at, key_id = paging.after
    assert isinstance(created_at, datetime), "cursors are signed, so this list has made it"
    return created_at, str(key_id)
