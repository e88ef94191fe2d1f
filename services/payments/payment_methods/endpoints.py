"""Stored payment methods: they come with payments that have a mandate, and go by being forgotten."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request

from services.payments import payment_desk_deps
from services.payments.auth import OneOrganization, WritableOrganization
from services.payments.customers.errors import CustomerNotFound
from services.payments.customers.repository import CustomerReader
from services.payments.customers.service import customer_of
from services.payments.payment_methods.errors import PaymentMethodNotFound
from services.payments.payment_methods.repository import MethodReader
from services.payments.payment_methods.schemas import PaymentMethodOut
from services.payments.payments.errors import GatewayUnavailable
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, ReadDb

of_customers = APIRouter(prefix="/v1/customers/{customer_id}/payment-methods", tags=["payment methods"])
methods = APIRouter(prefix="/v1/payment-methods", tags=["payment methods"])


@of_customers.get("", name="list", summary="List a customer's stored methods", responses=problems(CustomerNotFound))
async def list_methods(
    customer_id: Annotated[UUID, Path(description="The customer's id.")], organization_id: OneOrganization, db: ReadDb
) -> list[PaymentMethodOut]:
    """The newest first, those that cannot be charged any more as well."""
    await customer_of(CustomerReader(db), customer_id, organization_id)
    return [PaymentMethodOut.model_validate(one) for one in await MethodReader(db).of_customer(customer_id)]


@methods.delete(
    "/{method_id:uuid}",
    name="forget",
    summary="Forget a stored method",
    responses=problems(PaymentMethodNotFound, GatewayUnavailable),
)
async def forget(
    method_id: Annotated[UUID, Path(description="The method's id.")],
    request: Request,
    organization_id: WritableOrganization,
    db: Db,
) -> PaymentMethodOut:
    """At the gateway as well. It stays in the list as cancelled, because payments were made with it."""
    return PaymentMethodOut.model_validate(
        await payment_desk_deps.methods(db, runtime_of(request)).forget(method_id, organization_id)
    )
