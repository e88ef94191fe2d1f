"""/v1/customers: create, read, list, change and erase."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.payments import orders_deps as deps
from services.payments.auth import PaymentsWrite, ReadableOrganization, WritableOrganization
from services.payments.customers.errors import CustomerErased, CustomerHasOpenOrders, CustomerNotFound, StatesDiffer
from services.payments.customers.repository import CustomerReader
from services.payments.customers.schemas import CustomerChange, CustomerIn, CustomerOut
from services.payments.customers.service import customer_of
from services.payments.paging import after_id
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/customers", tags=["customers"], route_class=IdempotentRoute)

CustomerId = Annotated[UUID, Path(description="The customer's id.")]


@router.get("", name="list", summary="List customers")
async def list_customers(
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    email: Annotated[str | None, Query(max_length=320, description="Only those with this address.")] = None,
) -> Page[CustomerOut]:
    """The newest first; those who were erased, too."""
    rows = await CustomerReader(db).newest(organization_id, email=email, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, CustomerOut, key=lambda row: (row.id,))


@router.post("", status_code=201, summary="Create a customer", responses=problems(StatesDiffer))
async def create(
    body: CustomerIn,
    request: Request,
    organization_id: WritableOrganization,
    response: Response,
    db: WriteDb,
    etag: ETag,
    _: Idempotent,
) -> CustomerOut:
    """Messages reach them from then on under the reference `payments.customer:<id>`."""
    customer = await deps.customers(db, runtime_of(request).clock).create(organization_id, body)
    response.headers["Location"] = f"/v1/customers/{customer.id}"
    etag.show(customer.version)
    return CustomerOut.model_validate(customer)


@router.get("/{customer_id:uuid}", summary="Read a customer", responses=problems(CustomerNotFound))
async def get(customer_id: CustomerId, organization_id: ReadableOrganization, db: ReadDb, etag: ETag) -> CustomerOut:
    """As they are now."""
    customer = await customer_of(CustomerReader(db), customer_id, organization_id)
    etag.show(customer.version)
    return CustomerOut.model_validate(customer)


@router.patch(
    "/{customer_id:uuid}",
    summary="Change a customer",
    responses=problems(CustomerNotFound, CustomerErased, StatesDiffer),
)
async def change(
    customer_id: CustomerId,
    body: CustomerChange,
    request: Request,
    principal: PaymentsWrite,
    db: WriteDb,
    if_match: IfMatch,
    etag: ETag,
) -> CustomerOut:
    """Orders and invoices keep what they were written with."""
    customers = deps.customers(db, runtime_of(request).clock)
    customer = await customers.change(customer_id, principal.organization_id, body, if_match.check)
    etag.show(customer.version)
    return CustomerOut.model_validate(customer)


@router.delete(
    "/{customer_id:uuid}",
    status_code=204,
    summary="Erase a customer",
    responses=problems(CustomerNotFound, CustomerHasOpenOrders),
)
async def erase(customer_id: CustomerId, request: Request, principal: PaymentsWrite, db: WriteDb, if_match: IfMatch) -> None:
    """Name, addresses and number are forgotten here and wherever messages are sent; their carts go.

    The id, the state and the GSTIN stay, and so do orders and invoices, which the tax law wants kept.
    """
    await deps.customers(db, runtime_of(request).clock).erase(customer_id, principal.organization_id, if_match.check)
