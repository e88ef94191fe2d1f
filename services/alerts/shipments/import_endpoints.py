"""POST /v1/shipments/import: a file of shipments as the body."""

from email.message import Message
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request

from services.alerts import deps
from services.alerts.auth import AlertsWrite, WritableOrganization
from services.alerts.shipments.day_models import DateFormat
from services.alerts.shipments.errors import BadMapping, FileTooLarge, UnknownFileType, UnknownTimeZone, UnreadableFile
from services.alerts.shipments.file_format import Delimiter, FileFormat, Kind, read_mapping, read_time_zone
from services.alerts.shipments.import_schemas import ImportReport
from services.alerts.shipments.import_service import MAX_PROBLEMS
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

MAX_FILE_BYTES: Final = 32_000_000
_NEVER_REACHED: Final = 2**40
_KINDS: Final[dict[str, Kind]] = {"text/csv": "csv", "application/x-ndjson": "ndjson", "application/jsonl": "ndjson"}
_CSV: Final = (
    "reference,customer,carrier,origin,destination,current_eta,status,recipients,mode,holds\n"
    "MAEU1234567,Nordlicht Handels GmbH,Maersk,CNSHA,DEHAM,2026-11-20,in_transit,customs.desk@example.com,sea,customs;document\n"
)
_NDJSON: Final = (
    '{"reference": "MAEU1234567", "customer": "Nordlicht Handels GmbH", "carrier": "Maersk", "origin": "CNSHA", '
    '"destination": "DEHAM", "current_eta": "2026-11-20", "status": "in_transit", "recipients": ["customs.desk@example.com"]}\n'
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            # Without a type: neither is JSON.
            kind: {"schema": {"description": "A file in UTF-8."}, "example": _CSV if read == "csv" else _NDJSON}
            for kind, read in _KINDS.items()
        },
    }
}

router = APIRouter(prefix="/v1/shipments", tags=["shipments"])


@may_answer(UnknownFileType, UnreadableFile, BadMapping, UnknownTimeZone)
async def declared_format(
    request: Request,
    columns: Annotated[
        str,
        Query(
            max_length=4000,
            description="What the file calls our columns: `their_name:our_name,…`; `their_name:` leaves a column out.",
            examples=["Container:reference,ETA port:current_eta,Remarks:"],
        ),
    ] = "",
    date_format: Annotated[DateFormat, Query(description="iso 2026-11-20, dmy 20.11.2026, mdy 11/20/2026.")] = "iso",
    time_zone: Annotated[
        str, Query(max_length=100, description="The zone whose day counts where a time is given.", examples=["Europe/Berlin"])
    ] = "UTC",
    delimiter: Annotated[Delimiter, Query(description="What separates the fields of CSV.")] = ",",
) -> FileFormat:
    """What the request says of its file. Raises UnknownFileType, UnreadableFile, BadMapping and UnknownTimeZone."""
    declared = Message()
    declared["Content-Type"] = request.headers.get("content-type", "")
    kind = _KINDS.get(declared.get_content_type())
    if kind is None:
        raise UnknownFileType(f"send the file itself as the body, with a `Content-Type` of {', '.join(_KINDS)}")
    if declared.get_content_charset("utf-8") not in ("utf-8", "us-ascii"):
        raise UnreadableFile("the file is declared in another charset; save it in UTF-8")
    return FileFormat(kind, delimiter, read_mapping(columns), date_format, read_time_zone(time_zone))


@may_answer(FileTooLarge)
async def file_body(request: Request) -> bytes:
    """The bytes of the request. Raises FileTooLarge as soon as it is clear that there are too many."""
    declared = request.headers.get("content-length", "0")
    body, is_large = bytearray(), declared.isdecimal() and int(declared) > MAX_FILE_BYTES
    async for part in request.stream():
        body += part
        if is_large := is_large or len(body) > MAX_FILE_BYTES:
            break
    if is_large:
        raise FileTooLarge(
            f"a request takes {MAX_FILE_BYTES // 1_000_000} MB; split the file, or use `waybill shipments import`, which does"
        )
    return bytes(body)


@router.post(
    "/import",
    name="import",
    summary="Import shipments from CSV or NDJSON",
    # Here the endpoint counts for itself, to say what to do with a larger file.
    max_body_size=_NEVER_REACHED,
    openapi_extra=_BODY,
    responses=problems(UnreadableFile),
)
async def import_file(
    request: Request,
    principal: AlertsWrite,
    organization_id: WritableOrganization,
    written: Annotated[FileFormat, Depends(declared_format)],
    body: Annotated[bytes, Depends(file_body)],
    db: WriteDb,
    max_problems: Annotated[int, Query(ge=0, le=100_000, description="How many problems to list.")] = MAX_PROBLEMS,
) -> ImportReport:
    """Create what is new and change what differs, by reference; a changed ETA re-arms the alerts of its shipment.

    Good rows are kept whatever the others are like, and the report names each fault by line and column. The same file again
    changes nothing, so it needs no Idempotency-Key. The columns mode, last_free_day, missing_documents and holds may be left
    out, and are then left as they are; holds names the kinds in force, others are released today. At most 32 MB.
    """
    today = runtime_of(request).clock().date()
    service = deps.shipment_import(db, organization_id, today=today, changed_by=principal.id)
    return await service.run(body, written, max_problems=max_problems)
