"""/v1/customers/{customer_id}/credit: what a customer has, what became of it, and using it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request

from services.payments import payment_deps
from services.payments.auth import OneOrganization, WritableOrganization
from services.payments.credits.errors import CreditTooSmall, NothingToUseCreditFor
from services.payments.credits.repository import CreditReader
from services.payments.credits.schemas import CreditBalanceOut, CreditEntryOut
from services.payments.customers.errors import CustomerNotFound
from services.payments.customers.repository import CustomerReader
from services.payments.customers.service import customer_of
from services.payments.paging import after_id
from services.payments.payments.schemas import CreditUseIn
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/customers/{customer_id}/credit", tags=["credit"], route_class=IdempotentRoute)

CustomerId = Annotated[UUID, Path(description="The customer's id.")]


@router.get("", name="balances", summary="Read a customer's credit", responses=problems(CustomerNotFound))
async def balances(customer_id: CustomerId, organization_id: OneOrganization, db: ReadDb) -> list[CreditBalanceOut]:
    """By currency."""
    await customer_of(CustomerReader(db), customer_id, organization_id)
    return [CreditBalanceOut.model_validate(one) for one in await CreditReader(db).balances(customer_id)]


@router.get("/entries", name="entries", summary="List a customer's credit", responses=problems(CustomerNotFound))
async def entries(customer_id: CustomerId, organization_id: OneOrganization, db: ReadDb, paging: Paging) -> Page[CreditEntryOut]:
    """What it came from and what it was used for, the newest first."""
    await customer_of(CustomerReader(db), customer_id, organization_id)
    rows = await CreditReader(db).entries(customer_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, CreditEntryOut, key=lambda row: (row.id,))


@router.post(
    "/use",
    name="use",
    summary="Use a customer's credit",
    responses=problems(CustomerNotFound, CreditTooSmall, NothingToUseCreditFor),
)
async def use(
    customer_id: CustomerId,
    body: CreditUseIn,
    request: Request,
    organization_id: WritableOrganization,
    db: WriteDb,
    _: Idempotent,
) -> list[CreditEntryOut]:
    """For one order or invoice, or for all unpaid orders, the oldest first."""
    await customer_of(CustomerReader(db), customer_id, organization_id)
    used = await payment_deps.customer_credits(db, runtime_of(request).clock).use(
        customer_id,
        organization_id,
        body.currency,
        order_id=body.order_id,
        invoice_id=body.invoice_id,
        at_most_minor=body.amount_minor,
    )
    return [CreditEntryOut.model_validate(one) for one in used]
