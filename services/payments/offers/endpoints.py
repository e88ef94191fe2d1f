"""/v1/offers: what manufacturers are asked to make, their answers, and what they have delivered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.payments import matching_deps as deps
from services.payments.auth import PaymentsWrite, ReadableOrganization
from services.payments.offers.delivery_repository import DeliveryReader
from services.payments.offers.errors import (
    DeliveryInFuture,
    LineNotOffered,
    ManufacturerBlocked,
    MoreRejectedThanDelivered,
    OfferEnded,
    OfferNotAccepted,
    OfferNotFound,
    TooMuchDelivered,
)
from services.payments.offers.models import OfferStatus
from services.payments.offers.repository import OfferReader
from services.payments.offers.schemas import DeliveryIn, DeliveryOut, OfferOut, ReasonIn
from services.payments.offers.service import offer_of
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/offers", tags=["offers"], route_class=IdempotentRoute)

OfferId = Annotated[UUID, Path(description="The offer's id.")]
_TO_RECORD = problems(
    OfferNotFound, OfferNotAccepted, LineNotOffered, DeliveryInFuture, MoreRejectedThanDelivered, TooMuchDelivered
)


@router.get("", name="list", summary="List offers")
async def list_offers(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    order_id: Annotated[UUID | None, Query(description="Only those for this order.")] = None,
    manufacturer_id: Annotated[UUID | None, Query(description="Only those to this manufacturer.")] = None,
    status: Annotated[OfferStatus | None, Query(description="Only those that stand so.")] = None,
) -> Page[OfferOut]:
    """The newest first."""
    rows = await OfferReader(db).newest(
        organization_id,
        order_id=order_id,
        manufacturer_id=manufacturer_id,
        status=status,
        after=after_id(paging),
        limit=paging.fetch,
    )
    return paging.page(rows, OfferOut, key=lambda row: (row.id,))


@router.get("/{offer_id:uuid}", name="get", summary="Read an offer", responses=problems(OfferNotFound))
async def get(offer_id: OfferId, organization_id: ReadableOrganization, db: ReadDb) -> OfferOut:
    """With its lines, and how many of each have come."""
    return OfferOut.model_validate(await offer_of(OfferReader(db), offer_id, organization_id))


@router.post(
    "/{offer_id:uuid}/accept",
    summary="Record that an offer is accepted",
    responses=problems(OfferNotFound, OfferEnded, ManufacturerBlocked),
)
async def accept(offer_id: OfferId, request: Request, caller: PaymentsWrite, db: WriteDb) -> OfferOut:
    """Once every line of the order is accepted, the order goes into production. Again, it changes nothing, so it needs no
    Idempotency-Key."""
    runtime = runtime_of(request)
    await deps.offers(db, runtime.clock).accept(offer_id, caller.organization_id, by=caller.id, at=runtime.clock())
    return OfferOut.model_validate(await offer_of(OfferReader(db), offer_id, caller.organization_id))


@router.post(
    "/{offer_id:uuid}/decline", summary="Record that an offer is declined", responses=problems(OfferNotFound, OfferEnded)
)
async def decline(offer_id: OfferId, body: ReasonIn, request: Request, caller: PaymentsWrite, db: WriteDb) -> OfferOut:
    """Its capacity is free at once, and whoever is next is asked. Again, it changes nothing, so it needs no Idempotency-Key."""
    runtime, mine = runtime_of(request), caller.organization_id
    await deps.offers(db, runtime.clock).decline(offer_id, mine, reason=body.reason, by=caller.id, at=runtime.clock())
    return OfferOut.model_validate(await offer_of(OfferReader(db), offer_id, mine))


@router.post("/{offer_id:uuid}/withdraw", summary="Withdraw an offer", responses=problems(OfferNotFound, OfferEnded))
async def withdraw(offer_id: OfferId, body: ReasonIn, request: Request, caller: PaymentsWrite, db: WriteDb) -> OfferOut:
    """Take back what is open or accepted; whoever is best is asked, perhaps the same again. A second time it changes nothing, so
    it needs no Idempotency-Key."""
    runtime, mine = runtime_of(request), caller.organization_id
    await deps.offers(db, runtime.clock).withdraw(offer_id, mine, reason=body.reason, by=caller.id, at=runtime.clock())
    return OfferOut.model_validate(await offer_of(OfferReader(db), offer_id, mine))


@router.post("/{offer_id:uuid}/deliveries", name="deliver", status_code=201, summary="Record a delivery", responses=_TO_RECORD)
async def deliver(
    offer_id: OfferId, body: DeliveryIn, request: Request, caller: PaymentsWrite, db: WriteDb, _: Idempotent
) -> DeliveryOut:
    """Units of one line that have come. They count for the manufacturer's quality and punctuality, and what is owed for the good
    ones goes into the ledger."""
    now = runtime_of(request).clock()
    recorded = await deps.deliveries(db).record(offer_id, caller.organization_id, body, by=caller.id, at=now)
    return DeliveryOut.model_validate(recorded)


@router.get("/{offer_id:uuid}/deliveries", name="deliveries", summary="List deliveries", responses=problems(OfferNotFound))
async def list_deliveries(
    offer_id: OfferId, organization_id: ReadableOrganization, db: ReadDb, paging: Paging
) -> Page[DeliveryOut]:
    """The first one first."""
    await offer_of(OfferReader(db), offer_id, organization_id)
    rows = await DeliveryReader(db).of_offer(offer_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, DeliveryOut, key=lambda row: (row.id,))
