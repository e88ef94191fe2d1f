"""Registered texts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.notifications import deps
from services.notifications.auth import NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.dlt.errors import DltTemplateExists, DltTemplateNotFound, DltTemplateUnusable
from services.notifications.dlt.schemas import DltTemplateOut, DltTemplatePut, MatchOut, MatchRequest
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

# The converters leave /match to its own endpoint, whatever the method.
router = APIRouter(prefix="/v1/dlt-templates", tags=["dlt-templates"])

TextId = Annotated[UUID, Path(examples=["019a9f5e-0d00-7e21-b7c4-90ab12cd34ef"])]
Name = Annotated[str | None, Query(max_length=100, pattern=r"^[a-z][a-z0-9_]*$", description="Only of this template of ours.")]
Active = Annotated[bool | None, Query(description="Only those that may be sent, or only those that may not.")]


@router.get("", name="list", summary="List registered texts")
async def list_texts(
    organization_id: ReadableOrganization, db: ReadDb, paging: Paging, template_name: Name = None, active: Active = None
) -> Page[DltTemplateOut]:
    """The newest first: those that everybody may send, and those of the caller's organization, or of all."""
    after = UUID(str(paging.after[0])) if paging.after is not None else None
    texts = deps.dlt_templates(db, organization_id)
    rows = await texts.listed(template_name=template_name, active=active, after=after, limit=paging.fetch)
    return paging.page(rows, DltTemplateOut, key=lambda row: (row.id,))


@router.post(
    "",
    name="create",
    status_code=201,
    summary="Enter a registered text",
    responses=problems(DltTemplateUnusable, DltTemplateExists),
)
async def create_text(
    *,
    body: DltTemplatePut,
    principal: NotificationsWrite,
    organization_id: WritableScope,
    etag: ETag,
    request: Request,
    db: WriteDb,
) -> DltTemplateOut:
    """As it stands in the registry and at MSG91. A caller that is bound to no organization and names none enters it for all."""
    changes = deps.dlt_template_changes(db, runtime_of(request).clock)
    kept = await changes.add(body.row(), organization_id, principal.id)
    etag.show(kept.revision)
    return DltTemplateOut.model_validate(kept)


@router.post("/match", name="match", summary="Try which registered text a text is")
async def match_text(body: MatchRequest, organization_id: ReadableOrganization, db: ReadDb) -> MatchOut:
    """By the very code of the sending: the text must match to the letter, and a variable has 30 characters at most."""
    return MatchOut.of(await deps.dlt_templates(db, organization_id).tried(body.text, body.template_name, body.locale))


@router.get("/{text_id:uuid}", name="get", summary="Read a registered text", responses=problems(DltTemplateNotFound))
async def get_text(text_id: TextId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> DltTemplateOut:
    """One of everybody's, or of the caller's organization."""
    found = await deps.dlt_templates(db, organization_id).get(text_id)
    etag.show(found.revision)
    return DltTemplateOut.model_validate(found)


@router.put(
    "/{text_id:uuid}",
    name="put",
    summary="Replace a registered text",
    responses=problems(DltTemplateNotFound, DltTemplateUnusable, DltTemplateExists),
)
async def put_text(
    *,
    text_id: TextId,
    body: DltTemplatePut,
    organization_id: WritableScope,
    if_match: IfMatch,
    etag: ETag,
    request: Request,
    db: WriteDb,
) -> DltTemplateOut:
    """It counts for what is sent from now on."""
    changes = deps.dlt_template_changes(db, runtime_of(request).clock)
    kept = await changes.replace(text_id, body.row(), organization_id, if_match.check)
    etag.show(kept.revision)
    return DltTemplateOut.model_validate(kept)


@router.delete(
    "/{text_id:uuid}", name="delete", status_code=204, summary="Remove a registered text", responses=problems(DltTemplateNotFound)
)
async def delete_text(text_id: TextId, organization_id: WritableScope, request: Request, db: WriteDb) -> None:
    """What it says is no longer sent over MSG91. To keep it for later, set `active` to false."""
    await deps.dlt_template_changes(db, runtime_of(request).clock).remove(text_id, organization_id)
