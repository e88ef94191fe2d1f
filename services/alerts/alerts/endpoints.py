"""/v1/alerts: list, read, export, count. What changes them is in `action_endpoints.py`."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.alerts import deps
from services.alerts.alert_emails.outcome_repository import AlertEmailReader
from services.alerts.alerts.errors import AlertNotFound
from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.models import Alert
from services.alerts.alerts.repository import AlertReader
from services.alerts.alerts.schemas import AlertCounts, AlertDetail, AlertOut, TimelineOut, ToldOut
from services.alerts.auth import AlertsRead, ReadableOrganization
from services.alerts.paging import after_id
from shared.runtime.auth.principal import Principal
from shared.runtime.db import ReadSession
from shared.runtime.http.csv_file import MEDIA_TYPE, attachment, csv_answer
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import etag_of
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, ReadDb

ENTRIES_SHOWN: Final = 100
_CSV_ANSWER: Final = csv_answer("id,organization_id,customer,reference,…\r\n")

# The converters leave /v1/alerts/actions and others to their own endpoints, whatever the method.
router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


async def filter_of_query(meant: Annotated[AlertFilter, Query()]) -> AlertFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


Meant = Annotated[AlertFilter, Depends(filter_of_query)]


@router.get("", name="list", summary="List alerts")
async def list_alerts(organization_id: ReadableOrganization, db: ReadDb, paging: Paging, meant: Meant) -> Page[AlertOut]:
    """The newest first."""
    rows = await AlertReader(db).newest(meant, organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, AlertOut, key=lambda row: (row.id,))


@router.get("/export.csv", name="export", summary="Export alerts as CSV", response_class=StreamingResponse, responses=_CSV_ANSWER)
async def export(organization_id: ReadableOrganization, db: Db, meant: Meant) -> StreamingResponse:
    """The newest first, as many as there are. What a spreadsheet would carry out as a formula begins with an apostrophe.

    An answer that is cut off is not the whole file.
    """
    parts = await deps.alert_export(db).begin(meant, organization_id)
    return StreamingResponse(parts, media_type=MEDIA_TYPE, headers=attachment("alerts.csv"))


@router.get("/counts", name="counts", summary="Count unresolved alerts")
async def counts(organization_id: ReadableOrganization, db: ReadDb, request: Request) -> AlertCounts:
    """By severity, status, customer (the 50 with the most) and age."""
    return await deps.alert_counts(db, runtime_of(request).clock).of(organization_id)


@router.get("/{alert_id:uuid}", name="get", summary="Read an alert", responses=problems(AlertNotFound))
async def get(alert_id: UUID, principal: AlertsRead, db: ReadDb, response: Response) -> AlertDetail:
    """With what happened to it and who was told.

    The ETag is for If-Match. It is of the alert alone: what is shown of its shipment and mails may change under the same one.
    """
    alert = await _find(db, alert_id, principal)
    entries = await AlertReader(db).timeline(alert_id, before=None, limit=ENTRIES_SHOWN)
    told = await AlertEmailReader(db).of_alert(alert_id)
    response.headers["ETag"] = etag_of(alert.version)
    return AlertDetail(
        **AlertOut.model_validate(alert).model_dump(),
        timeline=[TimelineOut.model_validate(entry) for entry in entries],
        told=[ToldOut.model_validate(email) for email in told],
    )


@router.get("/{alert_id:uuid}/timeline", name="timeline", summary="Read an alert's timeline", responses=problems(AlertNotFound))
async def timeline(alert_id: UUID, principal: AlertsRead, db: ReadDb, paging: Paging) -> Page[TimelineOut]:
    """What happened to it, the newest first. Nothing of it is ever changed or removed."""
    await _find(db, alert_id, principal)
    before = int(str(paging.after[0])) if paging.after is not None else None
    rows = await AlertReader(db).timeline(alert_id, before=before, limit=paging.fetch)
    return paging.page(rows, TimelineOut, key=lambda row: (row.number,))


async def _find(db: ReadSession, alert_id: UUID, principal: Principal) -> Alert:
    alert = await AlertReader(db).find(alert_id, principal.organization_id)
    if alert is None:
        raise AlertNotFound("there is no alert with this id; GET /v1/alerts lists those that you may see")
    return alert
