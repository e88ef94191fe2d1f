"""/v1/alerts: list."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.alerts.alerts.models import Status
from services.alerts.alerts.repository import AlertReader
from services.alerts.alerts.schemas import AlertOut
from services.alerts.auth import ReadableOrganization
from services.alerts.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("", name="list", summary="List alerts")
async def list_alerts(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    status: Annotated[Status | None, Query(description="Only those in this status.")] = None,
    email_sent: Annotated[bool | None, Query(description="Only those whose e-mail was sent, or was not.")] = None,
) -> Page[AlertOut]:
    """The newest first."""
    rows = await AlertReader(db).newest(
        organization_id=organization_id, status=status, email_sent=email_sent, after=after_id(paging), limit=paging.fetch
    )
    return paging.page(rows, AlertOut, key=lambda row: (row.id,))
