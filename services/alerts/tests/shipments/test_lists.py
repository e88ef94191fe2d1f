"""GET /v1/shipments: filters."""

from typing import Any

import pytest
from sqlalchemy import text

from services.alerts.deps import shipment_import
from services.alerts.tests.arrange import ETA, OURS
from shared.runtime.db import Session
from shared.testing.service import ApiClient

FILE = """\
reference,customer,carrier,origin,destination,current_eta,status,recipients,mode,holds
MAEU1,Nordlicht,Maersk,CNSHA,DEHAM,2026-03-02,in_transit,a@example.com,sea,
MAEU2,Nordlicht,Maersk,CNSHA,DEHAM,2026-03-05,customs_hold,a@example.com,sea,customs;document
MSCU1,Nordlicht,MSC,CNSHA,DEHAM,2026-03-09,delivered,a@example.com,rail,
M%U_1,Castillo,MSC,CNSHA,DEHAM,2026-03-12,arrived,a@example.com,,document
"""

FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "M%U_1 MSCU1 MAEU2 MAEU1"),
    ({"status": "in_transit"}, "MAEU1"),
    ({"status": ["in_transit", "delivered"]}, "MSCU1 MAEU1"),
    ({"customer": "Castillo"}, "M%U_1"),
    ({"reference": "MAEU2"}, "MAEU2"),
    ({"reference": "MAEU"}, ""),
    ({"q": "MAEU"}, "MAEU2 MAEU1"),
    ({"q": "M%"}, "M%U_1"),
    ({"mode": "sea"}, "MAEU2 MAEU1"),
    ({"carrier": "MSC"}, "M%U_1 MSCU1"),
    ({"hold": "document"}, "M%U_1 MAEU2"),
    ({"hold": "customs"}, "MAEU2"),
    ({"hold": "freight"}, ""),
    ({"eta_from": "2026-03-05", "eta_to": "2026-03-09"}, "MSCU1 MAEU2"),
    ({"late_as_of": "2026-03-10"}, "MAEU2 MAEU1"),
    ({"changed_after": "2026-03-01T00:00:00+02:00"}, "MAEU2"),
    ({"status": "customs_hold", "hold": "document", "q": "MAEU"}, "MAEU2"),
]


@pytest.fixture
async def viewer(client: ApiClient, session: Session) -> ApiClient:
    """Somebody who may read, and four shipments, one of which changed in March."""
    for row in FILE.splitlines()[1:]:
        # One by one, so that the order of their ids is that of the file.
        await shipment_import(session, OURS, today=ETA).run(f"{FILE.splitlines()[0]}\n{row}".encode())
    await session.execute(text("UPDATE shipments SET updated_at = '2026-02-01T12:00Z'"))
    await session.execute(text("UPDATE shipments SET updated_at = '2026-03-01T12:00Z' WHERE reference = 'MAEU2'"))
    return client.as_role("viewer", organization_id=OURS)


@pytest.mark.parametrize(("params", "references"), FILTERS)
async def test_shipments_are_narrowed_to_what_fits_every_filter(
    viewer: ApiClient, params: dict[str, Any], references: str
) -> None:
    answer = await viewer.get("/v1/shipments", params=params)

    assert [item["reference"] for item in answer.json()["items"]] == references.split()


async def test_hold_that_is_released_is_not_in_force(viewer: ApiClient, session: Session) -> None:
    await session.execute(text("UPDATE shipment_holds SET released_on = placed_on"))

    assert (await viewer.get("/v1/shipments", params={"hold": "document"})).json()["items"] == []


REFUSED = ["status=lost", "mode=foot", "hold=police", "eta_from=1", "changed_after=0.5", "changed_after=2026-03-01", "q="]


@pytest.mark.parametrize("query", [*REFUSED, "eta_from=2026-03-02&eta_to=2026-03-01", "eta_to=1900-01-01", "reference=%00"])
async def test_filters_that_mean_nothing_are_refused(viewer: ApiClient, query: str) -> None:
    assert (await viewer.get(f"/v1/shipments?{query}")).status_code == 422
