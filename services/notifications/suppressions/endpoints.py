"""The suppression list over HTTP. Files are in file_endpoints.py."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite, WritableScope
from services.notifications.suppressions.entry_checks import Entry
from services.notifications.suppressions.errors import (
    SuppressionForAll,
    SuppressionNotFound,
    SuppressionProtected,
    SuppressionUnusable,
)
from services.notifications.suppressions.models import Reason, Scope
from services.notifications.suppressions.schemas import Address, CategoryName, Channel, SuppressionCreate, SuppressionOut
from services.notifications.suppressions.suppression_change import Wanted
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

# The converters leave /v1/suppressions/import and /export to their own endpoints, whatever the method.
router = APIRouter(prefix="/v1/suppressions", tags=["suppressions"])

SuppressionId = Annotated[UUID, Path(description="The entry's id.")]


async def wanted_suppressions(
    channel: Annotated[Channel | None, Query(description="Only those of this channel.")] = None,
    address: Annotated[Address | None, Query(description="Only those of this address or number.")] = None,
    scope: Annotated[Scope | None, Query(description="Only those that reach so far.")] = None,
    reason: Annotated[Reason | None, Query(description="Only those for this reason.")] = None,
    category: Annotated[CategoryName | None, Query(description="Only those of this category.")] = None,
) -> Wanted:
    """Which entries a request is about."""
    return Wanted(channel, address, scope, reason, category)


@router.get("", name="list", summary="List who is not written to", responses=problems(SuppressionUnusable))
async def list_suppressions(
    request: Request,
    principal: NotificationsRead,
    db: ReadDb,
    paging: Paging,
    wanted: Annotated[Wanted, Depends(wanted_suppressions)],
) -> Page[SuppressionOut]:
    """The newest first. A caller that is bound to an organization sees that organization's entries, and, where it names an
    address, also those of it that concern everybody."""
    listing = deps.suppressions(db, runtime_of(request), principal.organization_id)
    rows = await listing.newest(wanted, after=paging.after, limit=paging.fetch)
    return paging.page(rows, SuppressionOut, key=lambda row: (row.created_at, row.id))


@router.post(
    "",
    name="create",
    status_code=201,
    summary="Put an address on the list",
    responses={
        200: {"description": "It was there before", "model": SuppressionOut},
        **problems(SuppressionUnusable, SuppressionForAll),
    },
)
async def create_suppression(
    *,
    body: SuppressionCreate,
    request: Request,
    response: Response,
    principal: NotificationsWrite,
    organization_id: WritableScope,
    db: WriteDb,
) -> SuppressionOut:
    """An entry is there once, so a repeated request adds nothing and needs no Idempotency-Key; a later end counts."""
    changes = deps.suppression_changes(db, runtime_of(request), principal)
    kept, is_new = await changes.create(Entry(**body.model_dump()), organization_id)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/v1/suppressions/{kept.id}"
    return SuppressionOut.model_validate(kept)


@router.get("/{suppression_id:uuid}", name="get", summary="Read an entry", responses=problems(SuppressionNotFound))
async def get_suppression(
    suppression_id: SuppressionId, request: Request, principal: NotificationsRead, db: ReadDb
) -> SuppressionOut:
    """One entry of the list."""
    found = await deps.suppressions(db, runtime_of(request), principal.organization_id).get(suppression_id)
    return SuppressionOut.model_validate(found)


@router.delete(
    "/{suppression_id:uuid}",
    name="delete",
    status_code=204,
    summary="Take an entry off the list",
    responses=problems(SuppressionNotFound, SuppressionProtected),
)
async def delete_suppression(
    suppression_id: SuppressionId,
    request: Request,
    principal: NotificationsWrite,
    db: WriteDb,
    why: Annotated[
        str,
        Query(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$", description="One line, which is kept for the audit."),
    ],
) -> None:
    """Who did and why is kept. Hard bounces, invalid numbers and STOP need `notifications:admin`.

    Whose soft bounces are forgiven is counted from nothing again.
    """
    await deps.suppression_changes(db, runtime_of(request), principal).remove(suppression_id, why)
