"""A shop whose customers have allowed charges of their cards, at a gateway that makes every mistake there is."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import text

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from shared.contracts.money import Money
from shared.contracts.payments import ProcessPayment
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.testing.servers import free_port
from tests.faults.world import World

KEY_ID: Final = "rzp_test_WaybillSandbx0"
KEY_SECRET: Final = "sandbox"
OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
TOTAL: Final = 11_800
PEOPLE: Final = 10
LISTED: Final = 10_000
ANSWER_S: Final = 0.01
SILENT_S: Final = 3.0
"""Longer than a call of ours takes, which is 20 s, and 2 s here."""

FAULTS: Final = (
    # Done, and nobody hears of it: cut off, or answered with an error.
    {"action": "timeout_after_commit", "operation": "orders.create", "seconds": SILENT_S, "every": 41},
    {"action": "timeout_after_commit", "operation": "payments.recurring", "seconds": SILENT_S, "every": 31},
    {"action": "timeout_after_commit", "operation": "refunds.create", "seconds": SILENT_S, "every": 5},
    {"action": "status_after_commit", "operation": "payments.recurring", "every": 43},
    {"action": "status_after_commit", "operation": "payments.capture", "every": 3},
    {"action": "drop_connection", "operation": "orders.create", "recorded": True, "every": 47},
    # Not done.
    {"action": "drop_connection", "operation": "payments.recurring", "every": 53},
    {"action": "status", "status": 503, "operation": "orders.create", "every": 59},
    {"action": "status", "status": 502, "operation": "payments.fetch", "every": 37},
    # What banks do: no, not yet, and yes after they have said no.
    {"action": "decline", "reason": "insufficient_funds", "every": 29},
    {"action": "decline", "reason": "gateway_technical_error", "every": 61},
    {"action": "pending", "seconds": 1.0, "every": 23},
    {"action": "late_authorisation", "seconds": 1.5, "every": 67},
    {"action": "refund_pending", "seconds": 1.0, "every": 4},
    # Every event three times, and those of one change in the opposite order.
    {"action": "webhook", "operation": "*", "repeat": 3, "reorder": True},
)

_CUSTOMERS: Final = text("""
    INSERT INTO customers (id, organization_id, name, email, phone, locale, time_zone, created_at, updated_at)
    SELECT id, :ours, 'Ann', 'ann@example.com', '+919812345678', 'en-IN', 'Asia/Kolkata', now(), now()
      FROM unnest(CAST(:ids AS uuid[])) AS row(id)
""")
_METHODS: Final = text("""
    INSERT INTO payment_methods (id, organization_id, customer_id, gateway, account, gateway_customer_id, token, kind, label,
                                 status, created_at, updated_at)
    SELECT id, :ours, id, 'razorpay', 'razorpay', known_as, token, 'card', 'Visa 1111', 'confirmed', now(), now()
      FROM unnest(CAST(:ids AS uuid[]), CAST(:known_as AS text[]), CAST(:tokens AS text[])) AS row(id, known_as, token)
""")
_ORDERS: Final = text("""
    INSERT INTO orders (id, organization_id, customer_id, number, status, currency, subtotal_minor, discount_minor, tax_minor,
                        round_off_minor, total_minor, supply_kind, round_to_minor, delivery, placed_at, created_at, updated_at,
                        changed_by)
    SELECT id, :ours, customer_id, 'O-' || id, 'placed', 'INR', :total, 0, 0, 0, :total, 'untaxed', 1, '{}', now(), now(), now(),
           'test'
      FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS uuid[])) AS row(id, customer_id)
""")
_LINES: Final = text("""
    INSERT INTO order_lines (order_id, number, sku, name, hsn_sac, quantity, unit_price_minor, discount_minor, tax_rate_bp,
                             taxable_minor, cgst_minor, sgst_minor, utgst_minor, igst_minor, total_minor)
    SELECT id, 1, 'cup', 'Cup', '6912', 1, :total, 0, 0, :total, 0, 0, 0, 0, :total FROM unnest(CAST(:ids AS uuid[])) AS row(id)
""")
_AUTHORIZED: Final = text("""
    INSERT INTO payments (id, organization_id, customer_id, order_id, gateway, account, currency, amount_minor, gateway_order_id,
                          status, is_open, is_live, created_at, updated_at, changed_by)
    SELECT row.id, :ours, :customer, order_id, 'razorpay', 'razorpay', 'INR', :total, gateway_order_id, 'created', true, true,
           now(), now(), 'test'
      FROM unnest(CAST(:ids AS uuid[]), CAST(:orders AS uuid[]), CAST(:gateway_orders AS text[]))
           AS row(id, order_id, gateway_order_id)
""")


@dataclass(frozen=True, slots=True)
class Gateway:
    """The stand-in of Razorpay, as an operator of it sees it."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        """Of the service's processes."""
        return {
            "PAYMENT_GATEWAY": "razorpay",
            "RAZORPAY_KEY_ID": KEY_ID,
            "RAZORPAY_KEY_SECRET": KEY_SECRET,
            "RAZORPAY_WEBHOOK_SECRET": KEY_SECRET,
            "RAZORPAY_BASE_URL": f"{self.url}/razorpay",
        }

    async def ask(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """What it answers."""
        async with httpx.AsyncClient(base_url=self.url, auth=(KEY_ID, KEY_SECRET), timeout=60) as http:
            answer = await http.request(method, path, json=body, params=query)
        assert answer.is_success, answer.text
        return answer.json()

    async def err(self) -> None:
        """Make mistakes from now on."""
        await self.ask("PUT", "/faults/razorpay", list(FAULTS))

    async def movements(self) -> list[dict[str, Any]]:
        """All money that has really moved, the oldest first."""
        found = (await self.ask("GET", "/razorpay/ledger", limit=str(LISTED)))["items"]
        assert len(found) < LISTED, "the ledger has more than a page"
        return list(found)

    async def repeated(self) -> list[dict[str, Any]]:
        """Which of our payments it has captured more than once, by its own sums."""
        return list((await self.ask("GET", "/razorpay/ledger/stats", by="notes.payment"))["repeated"])


@dataclass(frozen=True, slots=True)
class Shop:
    """methods: of the customers, who have the same ids."""

    database: Database
    gateway: Gateway
    methods: list[UUID]

    async def charges(self, count: int) -> list[ProcessPayment]:
        """Each of an order of its own."""
        whose = [self.methods[place % len(self.methods)] for place in range(count)]
        amount = Money(amount_minor=TOTAL, currency="INR")
        return [
            ProcessPayment(amount=amount, payment_method_id=method, order_id=order_id)
            for order_id, method in zip(await self._place(whose), whose, strict=True)
        ]

    async def _place(self, whose: list[UUID]) -> list[UUID]:
        """An order of each of these customers."""
        ids = [uuid7() for _ in whose]
        async with self.database.unit_of_work() as session:
            await session.execute(_ORDERS, {"ids": ids, "customers": whose, "ours": OURS, "total": TOTAL})
            await session.execute(_LINES, {"ids": ids, "total": TOTAL})
        return ids

    async def authorized(self, count: int) -> list[UUID]:
        """Payments that customers have made themselves, on orders that capture nothing by themselves."""
        ids = [uuid7() for _ in range(count)]
        orders = []
        for key in ids:
            body = {"amount": TOTAL, "currency": "INR", "payment_capture": False, "notes": {"payment": str(key)}}
            orders.append((await self.gateway.ask("POST", "/razorpay/v1/orders", body))["id"])
        placed = await self._place([self.methods[0]] * count)
        bound = {"ids": ids, "orders": placed, "gateway_orders": orders, "customer": self.methods[0]}
        async with self.database.unit_of_work() as session:
            await session.execute(_AUTHORIZED, {**bound, "ours": OURS, "total": TOTAL})
        for order_id in orders:
            await self.gateway.ask("POST", "/razorpay/checkout", {"order_id": order_id, "method": "upi", "outcome": "captured"})
        return ids


async def open_gateway(world: World, webhook_url: str, port: int) -> Gateway:
    """It serves until the world ends, and makes no mistake yet."""
    # Call-backs fail whenever the API has been killed, and are repeated: that is the point, and no news.
    logging.getLogger("sandbox.callbacks").setLevel(logging.ERROR)
    sandbox = await world.closing.enter_async_context(running(Settings(http_port=port, smtp_port=0)))
    gateway = Gateway(sandbox.http_url)
    account: Mapping[str, Any] = {
        "answer_after_s": ANSWER_S,
        "own_notice_s": 0,
        "magic_amounts": False,
        "webhook_url": webhook_url,
        "retry_after_s": [0.5, 1, 1, 2, 2, 4, 4, 8, 8, 8],
    }
    await gateway.ask("PATCH", "/razorpay/account", account)
    return gateway


async def open_shop(database: Database, gateway: Gateway) -> Shop:
    """Customers and their cards."""
    known_as, tokens = [], []
    for place in range(PEOPLE):
        who = {"name": "Ann Pillai", "email": f"ann{place}@example.com", "contact": f"+9198{place:08}"}
        customer = await gateway.ask("POST", "/razorpay/v1/customers", who)
        known_as.append(customer["id"])
        tokens.append((await gateway.ask("POST", "/razorpay/tokens", {"customer_id": customer["id"]}))["id"])
    ids = [uuid7() for _ in known_as]
    async with database.unit_of_work() as session:
        await session.execute(_CUSTOMERS, {"ids": ids, "ours": OURS})
        await session.execute(_METHODS, {"ids": ids, "known_as": known_as, "tokens": tokens, "ours": OURS})
    return Shop(database, gateway, ids)


def gateway_port() -> int:
    """Known before the gateway serves: the API that it calls back has to know it, too."""
    return free_port()
