"""A person's data over HTTP: all of it as a file, and none of it any more."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from services.notifications import privacy_deps
from services.notifications.auth import NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.people.endpoints import Reference
from services.notifications.people.errors import PersonNotFound
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, WriteDb

_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A JSON object with a list for each kind of data.",
        "content": {
            "application/json": {
                "schema": {"type": "object"},
                "example": {
                    "exported_at": "2026-11-21T08:00:00Z",
                    "person": [{"reference": "payments.customer:7", "email": "asha.rao@example.com"}],
                    "preferences": [],
                    "deliveries": [{"channel": "email", "subject": "Your order", "status": "sent", "attempts": []}],
                },
            }
        },
    }
}

router = APIRouter(prefix="/v1/people", tags=["people"])


@router.get(
    "/{reference}/export",
    name="export",
    summary="Export what is held about a person",
    response_class=StreamingResponse,
    responses=_FILE | problems(PersonNotFound),
)
async def export_person(
    reference: Reference, organization_id: ReadableOrganization, request: Request, db: Db
) -> StreamingResponse:
    """Everything: preferences, deliveries with their timelines, in-app items, digests, suppressions, campaigns.

    An answer that is cut off is not the whole file.
    """
    parts = await privacy_deps.person_export(db, runtime_of(request)).begin(reference, organization_id)
    headers = {"Content-Disposition": 'attachment; filename="person.json"'}
    return StreamingResponse(parts, media_type="application/json", headers=headers)


@router.delete("/{reference}", name="erase", status_code=204, summary="Erase a person", responses=problems(PersonNotFound))
async def erase_person(
    reference: Reference, principal: NotificationsWrite, organization_id: WritableScope, request: Request, db: WriteDb
) -> None:
    """Forgets the person for good: addresses, subjects and texts of all that was sent, in-app items, preferences.

    What waits to be sent to the person is dropped. What the owner said before and arrives later stays unheard. What was declined
    stays declined, and an address that must not be written to goes on to be recognised by its hash.
    """
    await privacy_deps.erasure(db, runtime_of(request), principal.id).erase(reference, organization_id)
