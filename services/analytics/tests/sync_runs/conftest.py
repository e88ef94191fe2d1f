"""A carrier's feed on a socket, and settings that name it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from deploy.sandbox.server import running
from deploy.sandbox.settings import Settings
from services.analytics.settings import AnalyticsSettings

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
TOLD: Final = datetime(2026, 3, 1, 6, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Carrier:
    """The stand-in, and a client of it."""

    http: httpx.AsyncClient

    @property
    def url(self) -> str:
        """Where its feed is."""
        return str(self.http.base_url.join("/carrier"))

    async def have(self, *rows: Any, page_rows: int = 100) -> None:
        """Put these rows in the place of all."""
        (await self.http.put("/carrier/rows", json={"rows": rows, "page_rows": page_rows})).raise_for_status()

    async def change(self, *rows: Any) -> None:
        """Have these rows come, or change."""
        (await self.http.post("/carrier/rows", json={"rows": rows})).raise_for_status()

    async def faults(self, *rules: dict[str, Any]) -> None:
        """Put these rules in the place of all."""
        (await self.http.put("/faults/carrier", json=list(rules))).raise_for_status()

    async def calls(self) -> list[dict[str, Any]]:
        """What it was asked."""
        found: list[dict[str, Any]] = (await self.http.get("/carrier/calls")).json()["items"]
        return found


def row(reference: str = "MAEU1", **fields: Any) -> dict[str, Any]:
    """A row as the carrier tells it; None leaves a field out."""
    usual = {
        "reference": reference,
        "status": "IN_TRANSIT",
        "eta": "2026-03-20T14:00:00Z",
        "updated_at": TOLD.isoformat(),
        "carrier": "Maersk",
        "origin": "CNSHA",
        "destination": "DEHAM",
        "consignee": "Nordlicht Handels GmbH",
        "mode": "OCEAN",
    }
    return {name: value for name, value in (usual | fields).items() if value is not None}


@pytest_asyncio.fixture
async def carrier() -> AsyncIterator[Carrier]:
    """A feed without rows."""
    async with (
        running(Settings(http_port=0, smtp_port=0)) as sandbox,
        httpx.AsyncClient(base_url=sandbox.http_url, timeout=20) as http,
    ):
        yield Carrier(http)


@pytest.fixture
def settings(settings: AnalyticsSettings, carrier: Carrier) -> AnalyticsSettings:
    """Those of somebody who reads the feed."""
    feed = {
        "carrier_url": carrier.url,
        "carrier_api_key": SecretStr("sandbox"),
        "carrier_organization_id": OURS,
        "carrier_recipients": ("customs@example.com",),
        "carrier_rate": 1000.0,
        "sync_pages": 10,
        "time_factor": 0.2,
    }
    return settings.model_copy(update=feed)
