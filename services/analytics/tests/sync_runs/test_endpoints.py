"""/v1/sync: who may read and ask, and what is shown."""

import pytest

from services.analytics.tests.sync_runs.conftest import OURS, Carrier, row
from shared.contracts.analytics import SyncExternalData
from shared.runtime.db import Database
from shared.testing.messages import TaskRunner, assert_nothing_published, published
from shared.testing.service import ApiClient

pytestmark = pytest.mark.commits

PATH = "/v1/sync/sources/carrier/run"
WHY = {"reason": "the carrier has mended its feed"}


async def test_admin_asks_for_a_run_once_under_a_key_and_sees_what_it_came_to(
    carrier: Carrier, client: ApiClient, run_task: TaskRunner, database: Database
) -> None:
    await carrier.have(row("A1"), row("B2", status="LOST"))
    admin, reader, key = client.as_role("admin"), client.as_role("viewer"), {"Idempotency-Key": "again"}

    asked = [await admin.post(PATH, json=WHY, headers=key) for _ in range(2)]
    [message] = await published(database, SyncExternalData)
    await run_task(message)
    shown = (await reader.get(asked[0].headers["Location"])).json()
    [source] = (await reader.get("/v1/sync/sources")).json()["items"]
    listed = (await reader.get("/v1/sync/runs", params={"source": "carrier", "state": "done"})).json()["items"]

    assert [one.status_code for one in asked] == [202, 202]
    assert asked[0].json() == asked[1].json()
    assert asked[0].json()["state"] == "asked"
    assert (shown["state"], shown["read"], shown["published"], shown["quarantined"]) == ("done", 2, 1, 1)
    assert shown["drift"]["unmapped"] == {"status": {"LOST": 1}}
    [bad] = shown["quarantined_rows"]
    assert (bad["key"], bad["reason"], bad["page"]) == ("B2", "status: is none that we know", 1)
    assert [one["id"] for one in listed] == [shown["id"]] == [source["last_run"]["id"]]
    assert (source["is_set_up"], source["cursor"], source["message"]) == (True, "c2", "alerts.upsert_shipments")
    assert source["fields"]["eta"] == {"types": ["string"], "always": True}
    audit = (await admin.get("/v1/operations/audit")).json()["items"]
    assert [(one["action"], one["target"], one["reason"]) for one in audit] == [("sync.run", "carrier", WHY["reason"])]


async def test_who_may_not_decide_and_sources_that_are_not_there_are_refused(client: ApiClient, database: Database) -> None:
    key = {"Idempotency-Key": "one"}
    viewer = await client.as_role("viewer").post(PATH, json=WHY, headers=key)
    bound = await client.as_role("admin", organization_id=OURS).post(PATH, json=WHY, headers=key)
    tenant = await client.as_role("viewer", organization_id=OURS).get("/v1/sync/runs")
    unknown = await client.as_role("admin").post("/v1/sync/sources/pigeon/run", json=WHY, headers=key)
    no_run = await client.as_role("viewer").get(f"/v1/sync/runs/{OURS}")

    assert [one.status_code for one in (viewer, bound, tenant, unknown, no_run)] == [403, 403, 403, 404, 404]
    assert (unknown.json()["code"], no_run.json()["code"]) == ("sync_source_not_found", "sync_run_not_found")
    await assert_nothing_published(database)
