import asyncpg
import httpx
import pytest

from shared.runtime.http.health import newest_migration
from shared.testing.proxy import FaultProxy


@pytest.fixture(autouse=True)
def asks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.runtime.http.health.KEPT_S", 0.0)


async def test_a_process_lives_while_everything_else_is_down(
    anonymous: httpx.AsyncClient, to_database: FaultProxy, to_broker: FaultProxy
) -> None:
    await to_database.refuse()
    await to_broker.refuse()

    assert (await anonymous.get("/livez")).json() == {"status": "live"}


async def test_a_service_with_all_that_it_needs_is_ready(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/readyz")

    assert response.status_code == 200
    assert response.json()["checks"] == {name: {"ok": True, "problem": None} for name in ("database", "broker", "migrations")}


async def test_readiness_names_what_is_missing_and_returns_with_it(anonymous: httpx.AsyncClient, to_broker: FaultProxy) -> None:
    await to_broker.refuse()
    to_broker.reset()
    missing = await anonymous.get("/readyz")
    await to_broker.accept()

    assert (missing.status_code, missing.json()["code"]) == (503, "not_ready")
    assert [name for name, check in missing.json()["checks"].items() if not check["ok"]] == ["broker"]
    assert (await anonymous.get("/readyz")).status_code == 200


async def test_a_database_that_stalls_makes_the_probe_answer_in_time(
    anonymous: httpx.AsyncClient, to_database: FaultProxy
) -> None:
    to_database.stall()
    response = await anonymous.get("/readyz")
    to_database.flow()

    assert response.json()["checks"]["database"] == {"ok": False, "problem": "does not answer within 2 s"}


@pytest.mark.parametrize(("applied", "status"), [("0000", 503), (newest_migration("alerts"), 200), ("9999", 200)])
async def test_a_schema_that_is_behind_is_not_ready_and_one_ahead_is(
    anonymous: httpx.AsyncClient, notes: asyncpg.Connection, applied: str, status: int
) -> None:
    await notes.execute("UPDATE alembic_version SET version_num = $1", applied)

    assert (await anonymous.get("/readyz")).status_code == status


async def test_the_version_says_what_runs(anonymous: httpx.AsyncClient) -> None:
    version = (await anonymous.get("/version")).json()

    assert (version["service"], version["version"], len(version["contracts"])) == ("alerts", "0.1.0", 12)


async def test_metrics_count_requests_by_route_template(anonymous: httpx.AsyncClient) -> None:
    await anonymous.get("/v1/notes/00000000-0000-0000-0000-000000000000")
    await anonymous.request("BREW", "/nowhere")
    shown = (await anonymous.get("/metrics")).text

    label = 'http_request_duration_seconds_count{method="%s",route="%s",service="alerts",status="%s"}'
    assert label % ("GET", "/v1/notes/{note_id}", 401) in shown
    assert label % ("OTHER", "unmatched", 404) in shown


def test_the_newest_migration_is_found_by_number() -> None:
    assert (newest_migration("alerts") or "") >= "0001"
