"""Drivers, vehicles and trips as the tests of the service need them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from shared.runtime.db import ReadSession
from shared.testing.service import ApiClient

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
THEIRS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34f0")
ADA: Final = "user:ada"
CUSTOMER: Final = "payments.customer:019a9f5e-1b00-7e21-b7c4-90ab12cd34ef"
HOME: Final = {"label": "Home", "address": "14 Hill Road", "latitude": 19.0544, "longitude": 72.8277}
CLINIC: Final = {"label": "City Hospital", "latitude": 19.0176, "longitude": 72.8562}
WAY: Final = ("accepted", "en_route_pickup", "at_pickup", "onboard", "at_dropoff", "completed")
"""From assigned to completed."""


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


def at(hour: int, minute: int = 0, day: int = 2) -> str:
    """A moment of March 2026, in UTC."""
    return f"2026-03-{day:02}T{hour:02}:{minute:02}:00Z"


@dataclass(frozen=True, slots=True)
class Fleet:
    """A dispatcher of an organization, over the API."""

    api: ApiClient

    async def ok(self, method: str, path: str, **request: Any) -> Any:
        """The answer to a request that must be good."""
        answer = await self.api.request(method, path, **request)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def driver(self, **fields: Any) -> str:
        """A driver, usual but for what is named."""
        body = {"name": "Ravi Kale", "phone": "+919812345678", "licence_classes": ["LMV"]} | fields
        return str((await self.ok("POST", "/v1/drivers", json=body, headers=key()))["id"])

    async def vehicle(self, plate: str = "MH12AB1234", **fields: Any) -> str:
        """A vehicle, usual but for what is named."""
        body = {"plate": plate, "seats": 3, "wheelchair_places": 1} | fields
        return str((await self.ok("POST", "/v1/vehicles", json=body))["id"])

    async def request(self, **fields: Any) -> httpx.Response:
        """Ask for a trip, usual but for what is named."""
        usual = {"pickup": HOME, "dropoff": CLINIC, "customer": CUSTOMER, "appointment_at": at(12)}
        return await self.api.post("/v1/trips", json=usual | fields, headers=key())

    async def trip(self, **fields: Any) -> str:
        """A trip that is requested."""
        answer = await self.request(**fields)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    async def act(self, trip_id: str, action: str, *, if_match: str = "*", **body: Any) -> httpx.Response:
        """Post an action on a trip."""
        return await self.api.post(f"/v1/trips/{trip_id}/{action}", json=body, headers=key() | {"If-Match": if_match})

    async def step(self, trip_id: str, status: str, *, acting_as: str = "driver", **body: Any) -> httpx.Response:
        """Take the next step of a trip."""
        return await self.act(trip_id, "steps", status=status, acting_as=acting_as, **body)

    async def scheduled(self, hour: int = 10, **fields: Any) -> str:
        """A trip that is scheduled for an hour's drive."""
        trip_id = await self.trip(**fields)
        answer = await self.act(trip_id, "schedule", pickup_at=at(hour), dropoff_at=at(hour + 1))
        assert answer.is_success, answer.text
        return trip_id

    async def assigned(self, hour: int = 10, **fields: Any) -> str:
        """A trip that is assigned to a new driver with a new vehicle."""
        trip_id = await self.scheduled(hour, **fields)
        vehicle_id = await self.vehicle(f"MH{uuid4().hex[:8].upper()}")
        await self.offer(trip_id, driver_id=await self.driver(), vehicle_id=vehicle_id)
        return trip_id

    async def offer(self, trip_id: str, **fields: Any) -> Any:
        """Offer a trip to somebody; the trip."""
        answer = await self.act(trip_id, "offer", **fields)
        assert answer.is_success, answer.text
        return answer.json()

    async def drive(self, trip_id: str, until: str) -> None:
        """Take an assigned trip on its way as its driver."""
        for status in WAY[: WAY.index(until) + 1]:
            answer = await (self.act(trip_id, "offer/accept") if status == "accepted" else self.step(trip_id, status))
            assert answer.is_success, answer.text


def fleet_of(client: ApiClient, organization_id: UUID = OURS, role: str = "operator") -> Fleet:
    """Ada at the desk of an organization."""
    return Fleet(client.as_role(role, organization_id=organization_id, subject=ADA))
