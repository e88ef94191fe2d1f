"""From what a carrier tells of a shipment to the mailbox: analytics reads its feed, alerts judges, notifications writes."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually
from tests.system.conftest import Company
from tests.system.test_alerts_and_mails import alert_that, evaluate

OURS: Final = UUID("019a9f5e-0a00-7e21-b7c4-90ab12cd34ef")
SECONDS: Final = 20

pytestmark = pytest.mark.commits


@pytest_asyncio.fixture
async def analytics(company: Company, processes: Processes, signing_keys: SigningKeys) -> AsyncIterator[httpx.AsyncClient]:
    """Its API with a relay, and a worker that reads the carrier's feed; the API as an administrator."""
    feed = {
        "CARRIER_URL": f"{company.mails.url}/carrier",
        "CARRIER_API_KEY": "sandbox",
        "CARRIER_ORGANIZATION_ID": str(OURS),
        "CARRIER_RECIPIENTS": "customs@example.com",
    }
    api = processes.api("analytics", RELAY_IN_API="true", **feed)
    worker = processes.worker("analytics", "--concurrency", "1", **feed)
    await api.ready()
    await worker.ready()
    headers = {"Authorization": f"Bearer {signing_keys.token('admin')}"}
    async with httpx.AsyncClient(base_url=api.url, headers=headers, timeout=10) as client:
        yield client


async def tell(company: Company, reference: str, *, days_late: int) -> None:
    """What the carrier has to say of a shipment now."""
    now = datetime.now(UTC)
    row = {
        "reference": reference,
        "status": "IN_TRANSIT",
        "eta": (now - timedelta(days=days_late)).isoformat(),
        "updated_at": now.isoformat(),
        "carrier": "Maersk",
        "origin": "CNSHA",
        "destination": "DEHAM",
        "consignee": "Nordlicht Handels GmbH",
        "mode": "OCEAN",
    }
    (await company.mails.http.post("/carrier/rows", json={"rows": [row]})).raise_for_status()


async def read_feed(analytics: httpx.AsyncClient, company: Company, reference: str, eta: str) -> None:
    """A run over the feed, and alerts has what it brought."""
    asked, key = {"reason": "the carrier has called"}, {"Idempotency-Key": str(uuid4())}
    answer = await analytics.post("/v1/sync/sources/carrier/run", json=asked, headers=key)
    assert answer.is_success, answer.text

    async def known() -> bool:
        page = await company.read("/v1/shipments", organization_id=str(OURS))
        return any(one["reference"] == reference and one["current_eta"] == eta for one in page["items"])

    await eventually(known, SECONDS, f"alerts does not hear of {reference}", every_s=0.1)


def day(days_late: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days_late)).date().isoformat()


async def test_shipment_that_the_carrier_calls_late_is_an_alert_and_a_mail_until_the_carrier_says_otherwise(
    company: Company, analytics: httpx.AsyncClient
) -> None:
    await tell(company, "MAEU7", days_late=3)
    await read_feed(analytics, company, "MAEU7", day(3))
    await evaluate(company)

    await alert_that(company, "MAEU7", status="open", severity="warning", email_sent=True)
    subjects = [mail["subject"] for mail in await company.mails.mails("customs@example.com")]
    assert subjects == ["Warning: shipment MAEU7 is 3 days late"]

    await tell(company, "MAEU7", days_late=-5)
    await read_feed(analytics, company, "MAEU7", day(-5))
    await alert_that(company, "MAEU7", status="resolved", resolution="eta_changed")
    await evaluate(company)
    assert len(await company.mails.mails("customs@example.com")) == 1
