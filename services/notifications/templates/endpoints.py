"""Templates over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.templates.errors import TemplateNotFound, TemplateUnusable, VersionNotFound, VersionNotPublished
from services.notifications.templates.schemas import (
    Preview,
    PreviewRequest,
    TemplateOut,
    TemplateVersions,
    VersionCreate,
    VersionOut,
)
from services.notifications.templates.service import DraftText, Trial
from shared.runtime.auth.tenancy import ForeignOrganization, organization_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/templates", tags=["templates"])

Name = Annotated[str, Path(max_length=100, pattern=r"^[a-z][a-z0-9_]*$", examples=["shipment_alert"])]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the version.")]


@router.get("", name="list", summary="List templates")
async def list_templates(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[TemplateOut]:
    """By name: the defaults, and the overrides of the caller's organization, or of all."""
    rows = await deps.templates(db).listed(organization_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, TemplateOut, key=lambda row: (row.name, row.id))


@router.get("/{name}", name="get", summary="Read a template", responses=problems(TemplateNotFound))
async def get_template(name: Name, organization_id: ReadableOrganization, db: ReadDb) -> TemplateVersions:
    """With its newest 50 versions: the default's, and those of the organization's override."""
    return TemplateVersions.of(name, [*await deps.templates(db).versions(name, organization_id)])


@router.post("/{name}/versions", name="draft", status_code=201, summary="Write a draft", responses=problems(TemplateUnusable))
async def draft_version(
    name: Name, body: VersionCreate, principal: NotificationsWrite, organization_id: WritableScope, request: Request, db: WriteDb
) -> VersionOut:
    """A version that nobody is sent until it is published; the first one makes the template.

    A caller that is bound to an organization writes its override, which may leave parts to the default.
    """
    changes = deps.template_changes(db, runtime_of(request).clock)
    version = await changes.draft(name, organization_id, DraftText(**dict(body)), principal.id)
    return VersionOut.of(organization_id, version)


@router.post(
    "/{name}/versions/{number}/publish",
    name="publish",
    summary="Publish a version",
    responses=problems(VersionNotFound, TemplateUnusable),
)
async def publish_version(
    name: Name, number: Number, organization_id: WritableScope, request: Request, db: WriteDb
) -> VersionOut:
    """It is sent from now on in its language, in the place of the one before. To roll back, publish an older one."""
    changes = deps.template_changes(db, runtime_of(request).clock)
    return VersionOut.of(organization_id, await changes.publish(name, organization_id, number))


@router.post(
    "/{name}/versions/{number}/retire",
    name="retire",
    summary="Retire a version",
    responses=problems(VersionNotFound, VersionNotPublished),
)
async def retire_version(name: Name, number: Number, organization_id: WritableScope, request: Request, db: WriteDb) -> VersionOut:
    """It is sent no more: its readers get the default, or English."""
    changes = deps.template_changes(db, runtime_of(request).clock)
    return VersionOut.of(organization_id, await changes.retire(name, organization_id, number))


@router.post(
    "/{name}/preview",
    name="preview",
    summary="Preview a template",
    responses=problems(ForeignOrganization, TemplateNotFound, VersionNotFound, TemplateUnusable),
)
async def preview_template(name: Name, body: PreviewRequest, principal: NotificationsRead, db: ReadDb) -> Preview:
    """What a reader would get, made by the same code as the mails that are sent."""
    organization_id = organization_of(principal, body.organization_id)
    trial = Trial(body.context, body.locale, body.time_zone, body.version)
    source, content = await deps.templates(db).preview(name, organization_id, trial)
    return Preview(version=source.version, locale=source.locale, subject=content.subject, text=content.text, html=content.html)
