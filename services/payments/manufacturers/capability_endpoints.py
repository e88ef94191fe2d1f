"""/v1/manufacturers/{id}/capabilities: what a manufacturer can make; and for many of them a file."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request

from services.payments import matching_deps as deps
from services.payments.auth import PaymentsWrite, WritableOrganization
from services.payments.manufacturers.endpoints import ManufacturerId, Writing
from services.payments.manufacturers.errors import (
    CapabilitiesUnreadable,
    CapabilityNotFound,
    CapacityInUse,
    ManufacturerNotFound,
)
from services.payments.manufacturers.schemas import CapabilityImport, CapabilityIn, CapabilityName, ManufacturerOut
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/manufacturers", tags=["manufacturers"])

Name = Annotated[CapabilityName, Path(description="The capability, as products name it.")]
_CSV: Final = (
    "manufacturer,capability,minimum_quantity,unit_price_minor,currency,lead_time_days,capacity_units,capacity_period\n"
    "PUNE-CAST,die_casting,50,12500,INR,10,500,week\n"
)
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"description": "A file in UTF-8."}, "example": _CSV}},
    }
}


async def file_body(_principal: PaymentsWrite, request: Request) -> bytes:
    """The bytes of the request."""
    return await request.body()


@router.put(
    "/{manufacturer_id:uuid}/capabilities/{capability}",
    name="set_capability",
    summary="Say what a manufacturer can make",
    responses=problems(ManufacturerNotFound, CapacityInUse),
)
async def set_capability(
    manufacturer_id: ManufacturerId, capability: Name, body: CapabilityIn, writing: Writing, if_match: IfMatch, etag: ETag
) -> ManufacturerOut:
    """New, or in the place of what was said before. If-Match names the manufacturer's version.

    Units that are reserved stay reserved, though the capacity may be less now. From days to weeks or back it can change only
    while nothing is reserved.
    """
    one = await writing.set_capability(manufacturer_id, capability, body, if_match.check)
    etag.show(one.version)
    return one


@router.delete(
    "/{manufacturer_id:uuid}/capabilities/{capability}",
    name="delete_capability",
    summary="Say that a manufacturer cannot make something any more",
    responses=problems(ManufacturerNotFound, CapabilityNotFound, CapacityInUse),
)
async def delete_capability(
    manufacturer_id: ManufacturerId, capability: Name, writing: Writing, if_match: IfMatch, etag: ETag
) -> ManufacturerOut:
    """Only while nothing of it is reserved; otherwise set its capacity to 0."""
    one = await writing.delete_capability(manufacturer_id, capability, if_match.check)
    etag.show(one.version)
    return one


@router.post(
    "/capabilities/import",
    name="import_capabilities",
    summary="Import capabilities from CSV",
    openapi_extra=_FILE,
    responses=problems(CapabilitiesUnreadable),
)
async def import_file(
    organization_id: WritableOrganization,
    request: Request,
    db: WriteDb,
    body: Annotated[bytes, Depends(file_body)],
) -> CapabilityImport:
    """Create what is new and change what differs, by the manufacturer's code and the capability; nothing is taken away.

    Good rows are kept whatever the others are like, and the report names each fault. The same file again changes nothing, so it
    needs no Idempotency-Key. At most 10,000 rows and 1 MB.
    """
    return await deps.capabilities_import(db, runtime_of(request).clock, organization_id).run(body)
