"""What customers order, pay, cancel and ride, and what analytics says of it: the same as plain SQL over the owners' tables."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from services.analytics import rollup_deps
from services.payments.tests.shop import CHAIR, TABLE
from shared.runtime.clock import system_clock
from shared.testing.database import FreshDatabase
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
SECONDS: Final = 20
SELLER: Final = {"name": "Oak & Sons", "gstin": "27AAPFU0939F1ZV", "address": {"line1": "14 MG Road", "city": "Pune"}}
PRODUCT: Final = {"name": "Oak", "hsn_sac": "940161", "unit_price_minor": 125_050, "currency": "INR", "tax_rate_bp": 1800}
TRUTH: Final = {
    "orders.placed": "SELECT count(*) FROM payments.orders WHERE placed_at IS NOT NULL",
    "orders.value": "SELECT sum(total_minor) FROM payments.orders WHERE placed_at IS NOT NULL",
    "orders.average_value": "SELECT round(avg(total_minor), 6) FROM payments.orders WHERE placed_at IS NOT NULL",
    "orders.cancelled": "SELECT count(*) FROM payments.orders WHERE status = 'cancelled'",
    "orders.cancellation_rate": "SELECT round(avg((status = 'cancelled')::int), 6) FROM payments.orders",
    "payments.captured": "SELECT sum(captured_minor) FROM payments.payments",
    "trips.booked": "SELECT count(*) FROM trips.trips",
    "trips.completion_rate": "SELECT round(avg((status = 'completed')::int), 6) FROM trips.trips WHERE ended_at IS NOT NULL",
}

pytestmark = pytest.mark.commits


@dataclass(frozen=True)
class Business:
    """Three services at work. admin: somebody who sees all tables."""

    payments: httpx.AsyncClient
    trips: httpx.AsyncClient
    analytics: httpx.AsyncClient
    admin: asyncpg.Connection

    async def make(self, api: httpx.AsyncClient, path: str, **fields: Any) -> Any:
        """What a POST answers."""
        answer = await api.post(path, json=fields, headers={"Idempotency-Key": str(uuid4()), "If-Match": "*"})
        assert answer.is_success, answer.text
        return answer.json()


@pytest_asyncio.fixture
async def business(processes: Processes, signing_keys: SigningKeys, fresh: FreshDatabase) -> AsyncIterator[Business]:
    """Their APIs with a relay each, and analytics' worker, which hears what the others tell."""
    apis = []
    for name in ("payments", "trips", "analytics"):
        apis.append(processes.api(name, RELAY_IN_API="true"))
        await apis[-1].ready()
    await processes.worker("analytics", "--concurrency", "1").ready()
    headers = {"Authorization": f"Bearer {signing_keys.token('admin', organization_id=OURS)}"}
    payments, trips, analytics = (httpx.AsyncClient(base_url=api.url, headers=headers, timeout=10) for api in apis)
    admin = await asyncpg.connect(fresh.admin_url)
    yield Business(payments, trips, analytics, admin)
    for client in (payments, trips, analytics):
        await client.aclose()
    await admin.close()


async def sell(business: Business) -> None:
    """Four orders of two customers: one is paid in cash, one in part, one is cancelled."""
    api = business.payments
    await business.make(api, "/v1/legal-entities", **SELLER)
    for sku in (CHAIR, TABLE):
        await business.make(api, "/v1/products", **PRODUCT, sku=sku)
    customers = [await business.make(api, "/v1/customers", name=name, state_code="27") for name in ("Ann", "Bea")]
    orders = []
    for number in range(4):
        lines = [{"sku": CHAIR, "quantity": number + 1}]
        body = {"customer_id": customers[number % 2]["id"], "currency": "INR", "lines": lines}
        orders.append(await business.make(api, "/v1/orders", **body))
    for order, amount in ((orders[0], orders[0]["total_minor"]), (orders[1], 50_000)):
        money = {"amount_minor": amount, "currency": "INR"}
        await business.make(api, "/v1/payments/offline", order_id=order["id"], kind="cash", amount=money)
    await business.make(api, f"/v1/orders/{orders[3]['id']}/cancellations", reason="changed their mind")


async def ride(business: Business) -> None:
    """Three trips: one is cancelled, one waits."""
    places = {"pickup": {"label": "Home"}, "dropoff": {"label": "City Hospital"}, "pickup_at": datetime.now(UTC).isoformat()}
    trips = [await business.make(business.trips, "/v1/trips", **places) for _ in range(3)]
    step = {"status": "cancelled", "acting_as": "operator", "reason": "feels better"}
    await business.make(business.trips, f"/v1/trips/{trips[0]['id']}/steps", **step)


async def test_kpis_are_what_plain_sql_over_the_owners_tables_says(business: Business, fresh: FreshDatabase) -> None:
    await sell(business)
    await ride(business)
    told = "SELECT (SELECT count(*) FROM payments.orders) + (SELECT count(*) FROM trips.trips) + 4"

    async def all_told() -> bool:
        heard = await business.admin.fetchval("SELECT count(*) FROM analytics.events")
        return bool(heard == await business.admin.fetchval(told))

    await eventually(all_told, SECONDS, "not all is told", every_s=0.1)
    await rollup_deps.rolling(fresh.open("analytics"), system_clock).roll()

    for key, query in TRUTH.items():
        answer = (await business.analytics.get(f"/v1/kpis/{key}", params={"grain": "hour"})).raise_for_status().json()
        (part,) = answer["parts"]
        truth = await business.admin.fetchval(query)
        assert truth is not None
        assert (key, part["whole"]["value"]) == (key, pytest.approx(float(truth), abs=1e-6))
        assert answer["freshness"]["is_fresh"]
