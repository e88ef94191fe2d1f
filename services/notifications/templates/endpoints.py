"""Templates over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.notifications import deps
from services.notifications.auth import NotificationsRead, NotificationsWrite, ReadableOrganization, TrialScope, WritableScope
from services.notifications.templates.errors import TemplateNotFound, TemplateUnusable, VersionNotFound, VersionNotPublished
from services.notifications.templates.preview_schemas import Preview, PreviewRequest, TrialAccepted, TrialSend
from services.notifications.templates.schemas import (
    DraftOut,
    DriftOut,
    RetiredOut,
    TemplateOut,
    TemplateVersions,
    VersionCreate,
    VersionOut,
)
from services.notifications.templates.service import DraftText
from services.notifications.templates.trial_sending import TrialRecipient
from services.notifications.templates.trials import Trial
from shared.runtime.auth.tenancy import ForeignOrganization, organization_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.outbox import MessageTooLarge

router = APIRouter(prefix="/v1/templates", tags=["templates"], route_class=IdempotentRoute)

Name = Annotated[str, Path(max_length=100, pattern=r"^[a-z][a-z0-9_]*$", examples=["shipment_alert"])]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the version.")]


@router.get("", name="list", summary="List templates")
async def list_templates(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[TemplateOut]:
    """By name: the defaults, and the overrides of the caller's organization, or of all."""
    rows = await deps.templates(db).listed(organization_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, TemplateOut, key=lambda row: (row.name, row.id))


# Before `/{name}`, which would take it for a template.
@router.get("/drift", name="drift", summary="List overrides whose default has moved")
async def list_drift(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[DriftOut]:
    """Published overrides of the caller's organization, or of all, whose default says something else than when they were written.

    By name. To settle one, write its version anew, over what the default says now.
    """
    rows = await deps.template_drift(db).drifted(organization_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, DriftOut, key=lambda row: (row.name, row.id))


@router.get("/{name}", name="get", summary="Read a template", responses=problems(TemplateNotFound))
async def get_template(name: Name, organization_id: ReadableOrganization, db: ReadDb) -> TemplateVersions:
    """With its newest 50 versions: the default's, and those of the organization's override."""
    return TemplateVersions.of(name, [*await deps.templates(db).versions(name, organization_id)])


@router.post("/{name}/versions", name="draft", status_code=201, summary="Write a draft", responses=problems(TemplateUnusable))
async def draft_version(
    name: Name, body: VersionCreate, principal: NotificationsWrite, organization_id: WritableScope, request: Request, db: WriteDb
) -> DraftOut:
    """A version that nobody is sent until it is published; the first one makes the template.

    A caller that is bound to an organization writes its override, which may leave parts to the default. The answer says what is
    questionable about it; what must not be in a mail, such as a script or a form, is refused.
    """
    changes = deps.template_changes(db, runtime_of(request).clock)
    version, warnings = await changes.draft(name, organization_id, DraftText(**dict(body)), principal.id)
    return DraftOut.warned(organization_id, version, warnings)


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
async def retire_version(name: Name, number: Number, organization_id: WritableScope, request: Request, db: WriteDb) -> RetiredOut:
    """It is sent no more: its readers get the default, or English. The answer names overrides that needed it."""
    changes = deps.template_changes(db, runtime_of(request).clock)
    version, warnings = await changes.retire(name, organization_id, number)
    return RetiredOut.warned(organization_id, version, warnings)


@router.post(
    "/{name}/preview",
    name="preview",
    summary="Preview a template",
    responses=problems(ForeignOrganization, TemplateNotFound, VersionNotFound, TemplateUnusable),
)
async def preview_template(
    name: Name, body: PreviewRequest, request: Request, principal: NotificationsRead, db: ReadDb
) -> Preview:
    """What a reader would get over each channel, made by the same code as what is sent.

    An SMS shows its encoding, its segments, the characters that force UCS-2, and with a price its cost.
    """
    organization_id = organization_of(principal, body.organization_id)
    trial = Trial(body.context, body.locale, body.time_zone, body.version)
    source, made = await deps.template_trials(db, runtime_of(request)).preview(name, organization_id, trial)
    price = await deps.sms_price(db, runtime_of(request).settings, organization_id, body.sms_price_per_1000)
    return Preview.of(source, made, price)


@router.post(
    "/{name}/send-test",
    name="send_test",
    status_code=202,
    summary="Send a test",
    responses=problems(TemplateNotFound, VersionNotFound, TemplateUnusable, MessageTooLarge),
)
async def send_test(
    name: Name, body: TrialSend, request: Request, response: Response, organization_id: TrialScope, db: WriteDb, _: Idempotent
) -> TrialAccepted:
    """Sends what a preview shows to one address or number, at most once per Idempotency-Key, and by the way of everything else.

    A draft is named by its `version`. The subject begins with `[Test]`; an SMS is unchanged. A caller has 30 tests a minute.
    """
    sending = deps.template_trial_sending(db, runtime_of(request))
    trial = Trial(body.context, body.locale, body.time_zone, body.version)
    sent = await sending.send(name, organization_id, trial, TrialRecipient(body.to_email, body.to_phone))
    response.headers["Location"] = f"/v1/deliveries/{sent.id}"
    return TrialAccepted.model_validate(sent)
