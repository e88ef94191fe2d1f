"""/v1/shipments: import and list."""

from email.message import Message
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from services.alerts import deps
from services.alerts.auth import ReadableOrganization, WritableOrganization
from services.alerts.paging import after_id
from services.alerts.shipments.errors import NotCsv, UnreadableFile
from services.alerts.shipments.models import Status
from services.alerts.shipments.repository import ShipmentReader
from services.alerts.shipments.schemas import ImportReport, ShipmentOut
from services.alerts.shipments.shipment_file import COLUMNS
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb, WriteDb

MAX_FILE_BYTES: Final = 16_000_000
_EXAMPLE: Final = (
    f"{','.join(COLUMNS)}\nMAEU1234567,Nordlicht Handels GmbH,Maersk,CNSHA,DEHAM,2026-11-20,in_transit,customs.desk@example.com\n"
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}}}
}

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])


async def csv_body(request: Request) -> bytes:
    """The bytes of a request that says that it is CSV in UTF-8. Raises NotCsv and UnreadableFile."""
    declared = Message()
    declared["Content-Type"] = request.headers.get("content-type", "")
    if declared.get_content_type() != "text/csv":
        raise NotCsv("send the file itself as the body, with `Content-Type: text/csv`")
    if declared.get_content_charset("utf-8") not in ("utf-8", "us-ascii"):
        raise UnreadableFile("the file is declared in another charset; save it as CSV in UTF-8")
    return await request.body()


@router.post(
    "/import",
    name="import",
    summary="Import shipments from CSV",
    max_body_size=MAX_FILE_BYTES,
    openapi_extra=_BODY,
    responses=problems(NotCsv, UnreadableFile),
)
async def import_csv(
    organization_id: WritableOrganization, body: Annotated[bytes, Depends(csv_body)], db: WriteDb
) -> ImportReport:
    """Create what is new and change what differs, by reference; a changed ETA re-arms the alerts of its shipment.

    Good rows are kept whatever the others are like, and the report names each fault by line and column. The same file again
    changes nothing, so it needs no Idempotency-Key. At most 16 MB.
    """
    return await deps.shipment_import(db).run(organization_id, body)


@router.get("", name="list", summary="List shipments")
async def list_shipments(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    status: Annotated[Status | None, Query(description="Only those in this status.")] = None,
) -> Page[ShipmentOut]:
    """The newest first."""
    rows = await ShipmentReader(db).newest(
        organization_id=organization_id, status=status, after=after_id(paging), limit=paging.fetch
    )
    return paging.page(rows, ShipmentOut, key=lambda row: (row.id,))
