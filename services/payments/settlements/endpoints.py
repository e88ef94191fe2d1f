"""/v1/settlements: what gateways have sent to the bank, item by item; and the way of one id through all of it."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse

from services.payments import reconciliation_deps as deps
from services.payments.auth import ReadableOrganization
from services.payments.settlements.errors import NothingTraced, SettlementNotFound
from services.payments.settlements.export import HEADER
from services.payments.settlements.filter_models import ItemFilter, SettlementFilter
from services.payments.settlements.schemas import ItemOut, SettlementOut, TraceOut, item_key, item_place
from shared.runtime.http.csv_file import MEDIA_TYPE, attachment, csv_answer
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.session import Db, ReadDb

router = APIRouter(prefix="/v1/settlements", tags=["settlements"])
traces = APIRouter(prefix="/v1/traces", tags=["settlements"])

SettlementId = Annotated[UUID, Path(description="The settlement's id here; the gateway's is its `settlement_id`.")]
_REPORT: Final = csv_answer(",".join(HEADER) + "\r\n")


async def settlements_of_query(meant: Annotated[SettlementFilter, Query()]) -> SettlementFilter:
    """The filter that the query names; a dependency of its own, so that other parameters may stand beside it."""
    return meant


async def items_of_query(meant: Annotated[ItemFilter, Query()]) -> ItemFilter:
    """As settlements_of_query."""
    return meant


MeantItems = Annotated[ItemFilter, Depends(items_of_query)]


@router.get("", name="list", summary="List settlements")
async def list_settlements(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    meant: Annotated[SettlementFilter, Depends(settlements_of_query)],
) -> Page[SettlementOut]:
    """The newest first, each with what its items come to."""
    rows = await deps.settlements(db).newest(meant, organization_id, after=paging.after, limit=paging.fetch)
    return paging.page(rows, SettlementOut, key=lambda row: (row.occurred_at, row.id))


@router.get("/items", name="list_items", summary="List items of settlements")
async def list_items(organization_id: ReadableOrganization, db: ReadDb, paging: Paging, meant: MeantItems) -> Page[ItemOut]:
    """By day. Also those that are on hold, and are in no settlement yet."""
    after = item_place(paging.after)
    rows = await deps.settlements(db).items(meant, organization_id, after=after, limit=paging.fetch)
    return paging.page(rows, ItemOut, key=item_key)


@router.get(
    "/report.csv", name="report", summary="Export the settlement report", response_class=StreamingResponse, responses=_REPORT
)
async def report(organization_id: ReadableOrganization, db: Db, meant: MeantItems) -> StreamingResponse:
    """A row for each item, by day, with the bank's reference and what our books hold for it; amounts in the currency's own unit.

    An answer that is cut off is not the whole file.
    """
    parts = await deps.settlement_export(db).items(meant, organization_id)
    return StreamingResponse(parts, media_type=MEDIA_TYPE, headers=attachment("settlements.csv"))


@router.get("/{settlement_id:uuid}", name="get", summary="Read a settlement", responses=problems(SettlementNotFound))
async def get_settlement(settlement_id: SettlementId, organization_id: ReadableOrganization, db: ReadDb) -> SettlementOut:
    """GET /v1/settlements/items?settlement=… lists its items."""
    found = await deps.settlements(db).find(settlement_id, organization_id)
    if found is None:
        raise SettlementNotFound("there is no settlement with this id; GET /v1/settlements lists those that you may see")
    return SettlementOut.model_validate(found)


@traces.get("/{subject}", name="trace", summary="Trace an id", responses=problems(NothingTraced))
async def trace(
    subject: Annotated[str, Path(min_length=1, max_length=200, description="An id, an order's number, or a bank's reference.")],
    organization_id: ReadableOrganization,
    db: ReadDb,
) -> TraceOut:
    """From an order, payment, refund, dispute, receipt, settlement or UTR to all others that belong to it, and their cases."""
    return TraceOut.of(await deps.tracing(db).of(subject, organization_id))
