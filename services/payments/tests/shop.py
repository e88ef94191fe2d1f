"""A shop as the tests of customers, catalogue, coupons, carts and orders need it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from shared.runtime.db import ReadSession
from shared.testing.service import ApiClient

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
ADA: Final = "user:ada"
CHAIR: Final = "CHAIR-1"
TABLE: Final = "TABLE-1"
_PRODUCT: Final = {
    "name": "Oak chair",
    "hsn_sac": "940161",
    "unit_price_minor": 125_050,
    "currency": "INR",
    "tax_rate_bp": 1800,
}
_SELLER: Final = {
    "name": "Oak & Sons",
    "gstin": "27AAPFU0939F1ZV",
    "address": {"line1": "14 MG Road", "city": "Pune", "postal_code": "411001"},
}


def key() -> dict[str, str]:
    """The header of a new request."""
    return {"Idempotency-Key": str(uuid4())}


def tag(answer: httpx.Response) -> dict[str, str]:
    """The header that means the version which an answer has shown."""
    return {"If-Match": answer.headers["etag"]}


def code(answer: httpx.Response) -> tuple[int, str]:
    """What an answer refuses with."""
    return answer.status_code, answer.json()["code"]


async def rows(session: ReadSession, query: str, **bound: Any) -> Sequence[tuple[Any, ...]]:
    """What a query finds, as tuples."""
    return [tuple(row) for row in await session.execute(text(query), bound)]


@dataclass(frozen=True, slots=True)
class Shop:
    """Somebody who sells for an organization, over the API."""

    api: ApiClient

    async def ok(self, method: str, path: str, **request: Any) -> Any:
        """The answer to a request that must be good."""
        answer = await self.api.request(method, path, **request)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def sold_by(self, **fields: Any) -> UUID:
        """A legal entity in Maharashtra that sells and invoices from now on, usual but for what is named."""
        body = _SELLER | fields
        return UUID((await self.ok("POST", "/v1/legal-entities", json=body, headers=key()))["id"])

    async def customer(self, **fields: Any) -> UUID:
        """A customer, usual but for what is named."""
        body = {"name": "Ann Pillai", "email": "ann@example.com", "state_code": "27"} | fields
        return UUID((await self.ok("POST", "/v1/customers", json=body, headers=key()))["id"])

    async def product(self, sku: str = CHAIR, **fields: Any) -> None:
        """A product, usual but for what is named."""
        await self.ok("POST", "/v1/products", json=_PRODUCT | {"sku": sku} | fields)

    async def reprice(self, sku: str = CHAIR, **fields: Any) -> None:
        """Change a product, whatever its version."""
        await self.ok("PATCH", f"/v1/products/{sku}", json=fields, headers={"If-Match": "*"})

    async def coupon(self, code: str = "TEN", **fields: Any) -> UUID:
        """A coupon, 10 % but for what is named."""
        terms = {"percent_bp": 1000} if "amount_minor" not in fields else {}
        return UUID((await self.ok("POST", "/v1/coupons", json={"code": code} | terms | fields))["id"])

    async def cart(self, customer_id: UUID | None, **quantities: int) -> httpx.Response:
        """A cart with these products, named without hyphens; the answer shows its newest version."""
        body = {"customer_id": str(customer_id) if customer_id else None, "currency": "INR"}
        answer = await self.api.post("/v1/carts", json=body)
        assert answer.status_code == 201, answer.text
        for name, quantity in quantities.items():
            answer = await self.put(answer, name.replace("_", "-"), quantity)
            assert answer.is_success, answer.text
        return answer

    async def put(self, cart: httpx.Response, sku: str, quantity: Any) -> httpx.Response:
        """Set how many of a product are in a cart that an answer has shown."""
        path = f"/v1/carts/{cart.json()['id']}/items/{sku}"
        return await self.api.put(path, json={"quantity": quantity}, headers=tag(cart))

    async def on_cart(self, cart: httpx.Response, action: str, **body: Any) -> httpx.Response:
        """Post an action on a cart that an answer has shown."""
        return await self.api.post(f"/v1/carts/{cart.json()['id']}/{action}", json=body or None, headers=tag(cart))

    async def order(self, customer_id: UUID | None = None, **fields: Any) -> httpx.Response:
        """Ask for an order, of four chairs but for what is named."""
        if "cart_id" not in fields:
            lines = [{"sku": CHAIR, "quantity": 4}]
            fields = {"customer_id": str(customer_id), "currency": "INR", "lines": lines} | fields
        return await self.api.post("/v1/orders", json=fields, headers=key())

    async def act(self, order_id: str | UUID, action: str, *, if_match: str = "*", **body: Any) -> httpx.Response:
        """Post an action on an order."""
        headers = key() | {"If-Match": if_match}
        return await self.api.post(f"/v1/orders/{order_id}/{action}", json=body, headers=headers)


async def open_shop(client: ApiClient, **settings: Any) -> Shop:
    """A shop in Maharashtra that has chairs and tables, and takes orders by these settings."""
    admin = client.as_role("admin", organization_id=OURS, subject=ADA)
    shop = Shop(admin)
    await shop.sold_by()
    if settings:
        await shop.ok("PUT", "/v1/order-settings", json=settings)
    await shop.product()
    await shop.product(TABLE, name="Oak table", hsn_sac="940360", unit_price_minor=899_900, tax_rate_bp=1200)
    return shop


async def changes_of(session: ReadSession, order_id: str | UUID) -> Sequence[tuple[Any, ...]]:
    """(from, to, actor, reason) of all that happened to an order, in order."""
    query = "SELECT from_status, to_status, actor, reason FROM order_changes WHERE order_id = :id ORDER BY number"
    return await rows(session, query, id=order_id)


def at(hour: int, day: int = 2) -> datetime:
    """A moment of March 2026, in UTC."""
    return datetime.fromisoformat(f"2026-03-{day:02}T{hour:02}:00:00+00:00")
