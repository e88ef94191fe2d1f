"""Organizations' policies over HTTP."""

from fastapi import APIRouter, Request

from services.notifications import preference_deps as deps
from services.notifications.auth import NotificationsWrite, OwnOrganization, WritableOrganization
from services.notifications.policies.errors import PolicyUnusable
from services.notifications.policies.schemas import PolicyOut, PolicyPut
from services.notifications.preferences.errors import CategoryLocked, CategoryUnknown, ChoiceImpossible
from shared.runtime.http.etag import ETag, IfMatchUnlessNew
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/organization-policy", tags=["organization-policy"])


@router.get("", name="get", summary="Read how an organization wants its messages sent")
async def get_policy(organization_id: OwnOrganization, db: ReadDb, etag: ETag) -> PolicyOut:
    """What is null is left to Waybill; before the first change, all of it."""
    policy = await deps.policies(db).get(organization_id)
    etag.show(policy.revision)
    return PolicyOut.of(organization_id, policy)


@router.put(
    "",
    name="put",
    summary="Change how an organization wants its messages sent",
    responses=problems(PolicyUnusable, CategoryLocked, CategoryUnknown, ChoiceImpossible),
)
async def put_policy(
    *,
    body: PolicyPut,
    principal: NotificationsWrite,
    organization_id: WritableOrganization,
    if_match: IfMatchUnlessNew,
    etag: ETag,
    request: Request,
    db: WriteDb,
) -> PolicyOut:
    """The whole of it, with `If-Match`: what is left out is left to Waybill. What people choose goes before it."""
    changes = deps.policy_changes(db, runtime_of(request).clock)
    kept = await changes.put(body.policy(organization_id), if_match.check, principal.id)
    etag.show(kept.revision)
    return PolicyOut.of(organization_id, kept)
