"""/v1/disputes: what customers' banks want back. Gateways tell of them; evidence is handed in there."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.payments.auth import ReadableOrganization
from services.payments.disputes.repository import DisputeReader
from services.payments.disputes.schemas import DisputeOut
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/disputes", tags=["disputes"])


@router.get("", name="list", summary="List disputes")
async def list_disputes(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    is_open: Annotated[bool, Query(alias="open", description="Only those that are not decided.")] = False,
) -> Page[DisputeOut]:
    """In no particular order."""
    rows = await DisputeReader(db).newest(organization_id, open_only=is_open, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, DisputeOut, key=lambda row: (row.id,))
