import errno
import socket

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import PendingRollbackError

from shared.runtime.db import LOST_CONNECTION
from shared.runtime.errors import Conflict
from shared.runtime.http import error_handlers
from shared.testing.proxy import FaultProxy


async def test_an_unknown_address_is_a_problem(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/v1/nothing here", headers={"X-Request-ID": "abc-1"})

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "abc-1"
    assert response.json() == {
        "type": "urn:waybill:problem:not_found",
        "title": "Not found",
        "status": 404,
        "detail": "there is nothing at this address; /docs lists what there is",
        "instance": "/v1/nothing%20here",
        "code": "not_found",
        "correlation_id": "abc-1",
    }


async def test_a_wrong_method_names_all_methods_of_the_address(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.delete("/v1/notes")

    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert response.json()["code"] == "method_not_allowed"


async def test_of_several_templates_that_fit_the_most_specific_one_is_meant(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.delete("/v1/notes/fetched")

    assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_an_invalid_body_names_each_place_and_quotes_nothing(client: httpx.AsyncClient, key: dict[str, str]) -> None:
    response = await client.post("/v1/notes", json={"title": "", "size": "hunter2", "a/b": 1}, headers=key)

    assert response.status_code == 422
    assert {(error["in"], error["pointer"]) for error in response.json()["errors"]} == {
        ("body", "#/title"),
        ("body", "#/size"),
        ("body", "#/a~1b"),
    }
    assert "hunter2" not in response.text


async def test_an_invalid_parameter_is_named_with_its_place(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/notes", params={"limit": "0"})

    error = {"in": "query", "pointer": "#/limit", "detail": "Input should be greater than or equal to 1"}
    assert (response.status_code, response.json()["errors"]) == (422, [error])


@pytest.mark.parametrize("content", [b'{"title": ', b"\xff\xfe", b'{"title": "a", "size": ' + b"9" * 5000 + b"}", b"[" * 100_000])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, key: dict[str, str], content: bytes) -> None:
    response = await client.post("/v1/notes", content=content, headers={**key, "Content-Type": "application/json"})

    assert response.status_code in (400, 422)
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [{"title": "a\0b"}, {"title": "big", "size": 2**40}, {"title": "bigger", "size": 10**300}])
async def test_a_value_that_the_database_cannot_hold_is_a_422(
    client: httpx.AsyncClient, key: dict[str, str], notes: asyncpg.Connection, body: dict[str, object]
) -> None:
    response = await client.post("/v1/notes", json=body, headers=key)

    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert await notes.fetchval("SELECT count(*) FROM notes") == 0


async def test_a_field_named_by_half_a_character_is_refused(client: httpx.AsyncClient, key: dict[str, str]) -> None:
    response = await client.post(
        "/v1/notes", content=rb'{"title": "\ud800", "\ud800": 1}', headers={**key, "Content-Type": "application/json"}
    )

    assert response.status_code == 422


async def test_a_lost_race_for_a_unique_value_is_a_conflict(client: httpx.AsyncClient, notes: asyncpg.Connection) -> None:
    for number, status in ((1, 201), (2, 409)):
        response = await client.post("/v1/notes", json={"title": "same"}, headers={"Idempotency-Key": f"k{number}"})
        assert response.status_code == status

    assert await notes.fetchval("SELECT count(*) FROM notes") == 1


async def test_an_unforeseen_error_tells_nothing_and_changes_nothing(
    anonymous: httpx.AsyncClient, notes: asyncpg.Connection
) -> None:
    response = await anonymous.get("/v1/broken", headers={"X-Request-ID": "abc-2"})

    assert (response.status_code, response.json()["code"], response.json()["correlation_id"]) == (500, "internal_error", "abc-2")
    assert "hunter2" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert await notes.fetchval("SELECT count(*) FROM notes") == 0


async def test_a_database_that_is_down_is_a_503_until_it_is_back(client: httpx.AsyncClient, to_database: FaultProxy) -> None:
    await to_database.refuse()
    refused = await client.get("/v1/notes")
    await to_database.accept()

    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "unavailable", "5")
    assert (await client.get("/v1/notes")).status_code == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), 503),
        (OSError(errno.EHOSTUNREACH, "No route to host"), 503),
        (PendingRollbackError("the connection is lost", code=LOST_CONNECTION), 503),
        (PendingRollbackError("an error was passed over"), 500),
        (OSError(errno.ENOSPC, "No space left on device"), 500),
    ],
)
async def test_a_server_whose_name_or_address_is_gone_is_away_and_a_full_disk_is_not(error: Exception, status: int) -> None:
    app = FastAPI()
    error_handlers.install(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/")).status_code == status


async def test_connections_that_broke_while_idle_cost_nobody_a_request(
    client: httpx.AsyncClient, to_database: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.runtime.db.PING_AFTER_S", 0.0)
    assert (await client.get("/v1/notes")).status_code == 200
    to_database.reset()

    assert (await client.get("/v1/notes")).status_code == 200


async def test_a_connection_that_broke_under_load_costs_one_request(client: httpx.AsyncClient, to_database: FaultProxy) -> None:
    assert (await client.get("/v1/notes")).status_code == 200
    to_database.reset()
    broken = await client.get("/v1/notes")

    assert (broken.status_code, broken.json()["code"]) == (503, "unavailable")
    assert (await client.get("/v1/notes")).status_code == 200


async def test_a_body_over_the_limit_is_refused_whether_it_is_read_or_not(anonymous: httpx.AsyncClient) -> None:
    sizes = {"/v1/large": 3_000_001, "/v1/ignores-body": 1_000_001}
    refused = [await anonymous.post(path, content=b"x" * size) for path, size in sizes.items()]

    assert [(response.status_code, response.json()["code"]) for response in refused] == [(413, "request_too_large")] * 2
    assert (await anonymous.post("/v1/large", content=b"x" * 3_000_000)).json() == 3_000_000


def test_no_refusal_replaces_a_member_that_every_problem_has() -> None:
    with pytest.raises(ValueError, match="status is a member of every problem"):
        Conflict("it is paid already", status="paid")
