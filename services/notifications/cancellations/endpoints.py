"""Cancellations over HTTP."""

from fastapi import APIRouter, Request

from services.notifications import deps
from services.notifications.auth import NotificationsWrite, WritableScope
from services.notifications.cancellations.schemas import CancellationAccepted, CancellationCreate
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/cancellations", tags=["cancellations"])


@router.post("", name="create", summary="Cancel what is to be sent about a subject")
async def cancel_subject(
    body: CancellationCreate, request: Request, principal: NotificationsWrite, organization_id: WritableScope, db: WriteDb
) -> CancellationAccepted:
    """What was asked for until now and has not been sent is dropped; what is asked for afterwards is sent.

    Doing it again does no harm. A mail whose call is under way may still arrive; if the call fails, there is no other.
    """
    cancelling = deps.cancelling(db, runtime_of(request).clock)
    return await cancelling.cancel_subject(body.subject_key, organization_id, body.reason, principal.id)
