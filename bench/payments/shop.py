"""What requests need: a seller with products, and customers. And the APIs, ours and bare ones, that are asked."""

import argparse
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from bench.payments.api import OURS, Api, served
from bench.payments.bare_orders import TABLES
from bench.stack import Stack, as_owner

PEER: Final = "a bare FastAPI endpoint on asyncpg"
CUSTOMER: Final = {"name": "Ann Pillai", "state_code": "27"}
_PRODUCTS: Final = ("CHAIR-1", "TABLE-1")
CUSTOMERS: Final = 50


@dataclass(frozen=True, slots=True)
class Shop:
    """apis and bare: as many processes of each. customers, bare_orders: ids of what is there to be read."""

    apis: list[Api]
    bare: list[Api]
    customers: list[str]
    bare_orders: list[str]


@asynccontextmanager
async def opened(stack: Stack, options: argparse.Namespace) -> AsyncIterator[Shop]:
    """Ready to be asked."""
    await as_owner(stack, "payments", TABLES)
    async with AsyncExitStack() as running:

        async def replicas(app: str) -> list[Api]:
            return [await running.enter_async_context(served(stack, app)) for _ in range(options.replicas)]

        apis, bare = await replicas(OURS), await replicas("bench.payments.bare_orders:app")
        customers = await _customers(apis[0])
        bare_orders = [(await bare[0].ask("POST", "/v1/orders", order_of(one)))["id"] for one in customers]
        yield Shop(apis, bare, customers, bare_orders)


def order_of(customer_id: str) -> dict[str, Any]:
    """One of two lines, which both kinds of API take."""
    return {"customer_id": customer_id, "currency": "INR", "lines": [{"sku": sku, "quantity": 2} for sku in _PRODUCTS]}


async def _customers(api: Api) -> list[str]:
    await api.ask("POST", "/v1/legal-entities", {"name": "Oak & Sons", "gstin": "27AAPFU0939F1ZV"})
    for sku in _PRODUCTS:
        price = {"unit_price_minor": 125_050, "currency": "INR", "tax_rate_bp": 1800}
        await api.ask("POST", "/v1/products", {"sku": sku, "name": "Oak", "hsn_sac": "940161", **price})
    emails = [f"ann{place}@example.com" for place in range(CUSTOMERS)]
    made = [await api.ask("POST", "/v1/customers", {**CUSTOMER, "email": email}) for email in emails]
    return [one["id"] for one in made]
