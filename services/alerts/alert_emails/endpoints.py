"""/v1/alerts/{id}/emails: who was told of an alert, and telling them now."""

from uuid import UUID

from fastapi import APIRouter

from services.alerts import deps
from services.alerts.alert_emails.errors import AlertResolved, AlertUnknown
from services.alerts.alert_emails.outcome_repository import AlertEmailReader
from services.alerts.alert_emails.schemas import AlertEmailOut, AlertEmails
from services.alerts.auth import AlertsWrite, ReadableOrganization
from shared.runtime.db import ReadSession
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/alerts/{alert_id}/emails", tags=["alerts"])


@router.get("", name="list_emails", summary="List who was told of an alert", responses=problems(AlertUnknown))
async def list_emails(alert_id: UUID, organization_id: ReadableOrganization, db: ReadDb) -> AlertEmails:
    """The first one first."""
    await _require(alert_id, organization_id, db)
    return await _emails(alert_id, db)


@router.post(
    "", name="send_email", status_code=202, summary="Tell an alert's recipients", responses=problems(AlertUnknown, AlertResolved)
)
async def send_email(alert_id: UUID, caller: AlertsWrite, db: WriteDb) -> AlertEmails:
    """Now, and whatever became of the mails before: also after their retries are used up. Each call sends again."""
    await _require(alert_id, caller.organization_id, db)
    await deps.alert_emails(db).send(alert_id, requested_by=caller.id)
    return await _emails(alert_id, db)


async def _require(alert_id: UUID, organization_id: UUID | None, db: ReadSession) -> None:
    if not await AlertEmailReader(db).is_visible(alert_id, organization_id):
        raise AlertUnknown("there is no such alert; GET /v1/alerts lists those that there are")


async def _emails(alert_id: UUID, db: ReadSession) -> AlertEmails:
    return AlertEmails(items=[AlertEmailOut.model_validate(one) for one in await AlertEmailReader(db).of_alert(alert_id)])
