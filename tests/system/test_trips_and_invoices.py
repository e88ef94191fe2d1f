"""From a trip that is driven to its invoice and its digest, over the APIs, workers and relays of two services."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from services.notifications.digests.trip_summary import TripSummaries
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
SECONDS: Final = 20
SELLER: Final = {"name": "Sahyadri Transport LLP", "gstin": "27AAPFU0939F1ZV", "address": {"line1": "Depot 1", "city": "Mumbai"}}
RATES: Final = {"base_minor": 15_000, "per_km_minor": 1_850, "sac": "996412"}

pytestmark = pytest.mark.commits


@dataclass(frozen=True)
class Transport:
    """trips and payments at work, as an operator of one organization."""

    trips: httpx.AsyncClient
    payments: httpx.AsyncClient

    async def make(self, api: httpx.AsyncClient, path: str, **fields: Any) -> Any:
        """What a POST answers."""
        answer = await api.post(path, json=fields, headers={"Idempotency-Key": str(uuid4()), "If-Match": "*"})
        assert answer.is_success, answer.text
        return answer.json()

    async def read(self, api: httpx.AsyncClient, path: str) -> Any:
        """What is at a path."""
        return (await api.get(path)).raise_for_status().json()


@pytest_asyncio.fixture
async def transport(processes: Processes, signing_keys: SigningKeys) -> AsyncIterator[Transport]:
    """Both services, with a worker and a relay each."""
    apis = [processes.api(name, RELAY_IN_API="true") for name in ("trips", "payments")]
    workers = [processes.worker(name, "--concurrency", "1") for name in ("trips", "payments")]
    for process in (*apis, *workers):
        await process.ready()
    headers = {"Authorization": f"Bearer {signing_keys.token('admin', organization_id=OURS)}"}
    async with (
        httpx.AsyncClient(base_url=apis[0].url, headers=headers, timeout=10) as trips,
        httpx.AsyncClient(base_url=apis[1].url, headers=headers, timeout=10) as payments,
    ):
        yield Transport(trips, payments)


async def drive(transport: Transport, customer: str) -> str:
    """A trip of a customer from the request to its end."""
    api, now = transport.trips, datetime.now(UTC)
    await transport.make(api, "/v1/drivers", name="Ravi Kale")
    await transport.make(api, "/v1/vehicles", plate="MH12AB1234", seats=3, wheelchair_places=1)
    places = {"pickup": {"label": "Home"}, "dropoff": {"label": "City Hospital"}}
    times = {"pickup_at": now.isoformat(), "dropoff_at": (now + timedelta(hours=1)).isoformat()}
    trip = await transport.make(api, "/v1/trips", **places, customer=customer, mobility="wheelchair", pickup_at=now.isoformat())
    path = f"/v1/trips/{trip['id']}"
    await transport.make(api, f"{path}/schedule", **times)
    await transport.make(api, f"{path}/offer")
    await transport.make(api, f"{path}/offer/accept")
    for status in ("en_route_pickup", "at_pickup", "onboard", "at_dropoff"):
        await transport.make(api, f"{path}/steps", status=status, acting_as="driver")
    (await api.put(f"{path}/mileage", json={"odometer_start_m": 1_000, "odometer_end_m": 19_400})).raise_for_status()
    await transport.make(api, f"{path}/steps", status="completed", acting_as="driver")
    return path


async def test_a_trip_that_is_driven_has_its_invoice_and_is_told_of_in_the_digest(transport: Transport) -> None:
    await transport.make(transport.payments, "/v1/legal-entities", **SELLER)
    await transport.make(transport.payments, "/v1/tariffs", mobility="wheelchair", valid_from="2026-01-01T00:00:00Z", rates=RATES)
    customer = await transport.make(transport.payments, "/v1/customers", name="Ann Pillai", state_code="27")

    path = await drive(transport, f"payments.customer:{customer['id']}")

    async def worked_off() -> Any:
        answer = await transport.trips.get(f"{path}/completion")
        assert answer.json().get("status") == "done", answer.text
        return answer.json()

    completion = await eventually(worked_off, SECONDS, "the trip is not worked off", every_s=0.1)
    invoice = await transport.read(transport.payments, f"/v1/invoices/{completion['invoice_id']}")
    # 150.00 + 18.4 km at 18.50.
    assert (invoice["number"], invoice["total_minor"]) == (completion["invoice_number"], 49_000)
    assert {step["status"] for step in completion["steps"]} == {"done", "skipped"}
    assert completion["distance_source"] == "odometer"
    await assert_digest_tells_of_it(transport, path)


async def assert_digest_tells_of_it(transport: Transport, path: str) -> None:
    """Ask as notifications does."""
    trip = await transport.read(transport.trips, path)
    day = datetime.fromisoformat(trip["pickup_at"]).astimezone(ZoneInfo("Asia/Kolkata")).date()
    summary = await TripSummaries(lambda: transport.trips).of(f"trips.driver:{trip['driver_id']}", day)
    assert summary is not None
    assert ([line.number for line in summary.trips], summary.completed, summary.distance_m) == ([trip["number"]], 1, 18_400)
