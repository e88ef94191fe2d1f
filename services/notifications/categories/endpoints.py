"""Categories over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.notifications import preference_deps as deps
from services.notifications.auth import ReadableOrganization, WritableOrganization
from services.notifications.categories.errors import CategoryBuiltIn, CategoryNotFound, LegalClassFixed
from services.notifications.categories.repository import CategoryRow
from services.notifications.categories.schemas import CategoryOut, CategoryPut
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatchUnlessNew
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/categories", tags=["categories"])

Name = Annotated[str, Path(max_length=50, pattern=r"^[a-z][a-z0-9_]*$", examples=["customs_tips"])]


@router.get("", name="list", summary="List categories")
async def list_categories(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[CategoryOut]:
    """By name: those that Waybill brings along, and the caller's organization's own, or everybody's."""
    rows = await deps.categories(db, organization_id).listed(after=paging.after, limit=paging.fetch)
    return paging.page(rows, CategoryOut, key=lambda row: (row.name, str(row.organization_id or "")))


@router.get("/{name}", name="get", summary="Read a category", responses=problems(CategoryNotFound))
async def get_category(name: Name, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> CategoryOut:
    """A built-in one, or one of the caller's organization."""
    category = await deps.categories(db, organization_id).get(name)
    etag.show(category.revision)
    return CategoryOut.model_validate(category)


@router.put(
    "/{name}",
    name="put",
    summary="Create or replace a category",
    responses={201: {"description": "Created", "model": CategoryOut}, **problems(CategoryBuiltIn, LegalClassFixed)},
)
async def put_category(
    *,
    name: Name,
    body: CategoryPut,
    organization_id: WritableOrganization,
    if_match: IfMatchUnlessNew,
    etag: ETag,
    request: Request,
    response: Response,
    db: WriteDb,
) -> CategoryOut:
    """Replacing needs `If-Match`, creating needs none. The legal class stays what it was made with."""
    row = CategoryRow(name=name, organization_id=organization_id, **dict(body))
    kept, created = await deps.category_changes(db, runtime_of(request).clock).put(row, if_match.check)
    etag.show(kept.revision)
    response.status_code = 201 if created else 200
    return CategoryOut.model_validate(kept)


@router.delete(
    "/{name}", name="delete", status_code=204, summary="Remove a category", responses=problems(CategoryBuiltIn, CategoryNotFound)
)
async def delete_category(name: Name, organization_id: WritableOrganization, request: Request, db: WriteDb) -> None:
    """Messages may still name it, as a category that can be declined; who has declined it before gets none."""
    await deps.category_changes(db, runtime_of(request).clock).delete(name, organization_id)
