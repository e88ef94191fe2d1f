import logging

import httpx
import pytest
from prometheus_client import generate_latest

from shared.runtime.metrics import REGISTRY


def requests_logged(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.getMessage() == "http_request"]


async def test_each_request_is_one_line_without_its_query(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shared.runtime.http")
    await client.get("/v1/notes", params={"limit": "5", "q": "anna@example.org"})

    [record] = requests_logged(caplog)
    shown = {name: getattr(record, name) for name in ("method", "route", "path", "status", "principal")}
    assert shown == {"method": "GET", "route": "/v1/notes", "path": "/v1/notes", "status": 200, "principal": "user:test"}
    assert record.__dict__["duration_ms"] > 0
    assert "anna" not in str(record.__dict__)


@pytest.mark.parametrize(
    ("method", "path", "status", "shown"),
    [
        ("GET", "/v1/doors/7/opensesame", 200, "/v1/doors/7/{token}"),
        ("GET", "/v1/doors/13/opensesame", 409, "/v1/doors/13/{token}"),
        ("GET", "/v1/doors/0/opensesame", 500, "/v1/doors/0/{token}"),
        ("GET", "/v1/doors/seven/opensesame", 422, "/v1/doors/seven/{token}"),
        ("DELETE", "/v1/doors/7/opensesame", 405, "/v1/doors/7/{token}"),
        # With a slip of the pen it is still a secret.
        ("GET", "/v1/doors/7//opensesame", 404, "unmatched"),
    ],
)
async def test_a_secret_in_the_path_reaches_neither_logs_nor_metrics(
    anonymous: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int, shown: str
) -> None:
    caplog.set_level(logging.DEBUG)
    response = await anonymous.request(method, path)

    [record] = requests_logged(caplog)
    # The client of this test is a part of it, and says what it asks for.
    ours = [vars(one) for one in caplog.records if not one.name.startswith("http")]
    assert (record.__dict__["path"], record.__dict__["status"]) == (shown, status)
    assert "opensesame" not in str(ours)
    assert b"opensesame" not in generate_latest(REGISTRY)
    assert response.status_code == status


async def test_a_problem_names_the_secret_of_its_path_and_does_not_repeat_it(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/v1/doors/13/opensesame")

    assert response.json()["instance"] == "/v1/doors/13/%7Btoken%7D"
    assert "opensesame" not in response.text


async def test_probes_are_not_worth_a_line(anonymous: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shared.runtime.http")
    await anonymous.get("/livez")

    assert requests_logged(caplog) == []


async def test_an_unforeseen_error_is_logged_once_with_its_traceback(
    anonymous: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await anonymous.get("/v1/broken")

    [failed] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert (failed.getMessage(), failed.__dict__["route"]) == ("request_failed", "/v1/broken")
    assert failed.exc_info is not None


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, "<script>"])
async def test_a_malformed_request_id_is_replaced(anonymous: httpx.AsyncClient, sent: str) -> None:
    response = await anonymous.get("/livez", headers={"X-Request-ID": sent})

    assert len(response.headers["x-request-id"]) == 32


async def test_every_response_has_the_security_headers(anonymous: httpx.AsyncClient) -> None:
    for path in ("/livez", "/nowhere", "/v1/notes", "/v1/broken", "/docs"):
        headers = (await anonymous.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'")


async def test_https_is_asked_for_where_it_is_used(anonymous: httpx.AsyncClient) -> None:
    plain, secure = await anonymous.get("/livez"), await anonymous.get("https://api.localhost/livez")

    assert "strict-transport-security" not in plain.headers
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
