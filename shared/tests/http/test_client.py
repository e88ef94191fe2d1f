import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request

from shared.runtime.auth.access import public
from shared.runtime.context import new_trace, traced
from shared.runtime.http.client import service_client
from shared.runtime.settings import SettingsError
from shared.tests.http.sample import SampleSettings

TRACE = new_trace("order-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


async def test_a_call_to_another_service_is_signed_and_traced(app: FastAPI, settings: SampleSettings) -> None:
    async with service_client(settings, "alerts", "http://alerts.localhost", transport=httpx.ASGITransport(app)) as client:
        with traced(TRACE):
            response = await client.get("/v1/notes")

    assert (response.status_code, response.headers["x-request-id"]) == (200, "order-7")
    assert response.request.headers["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert response.request.headers["traceparent"] != TRACE.traceparent


async def test_a_token_for_one_service_is_refused_by_another(app: FastAPI, settings: SampleSettings) -> None:
    async with service_client(settings, "payments", "http://alerts.localhost", transport=httpx.ASGITransport(app)) as client:
        response = await client.get("/v1/notes")

    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


async def test_the_callers_trace_is_current_inside_the_request(app: FastAPI, settings: SampleSettings) -> None:
    router, seen = APIRouter(), []

    @router.get("/seen", dependencies=[public("a test")])
    async def endpoint(request: Request) -> None:
        seen.append(request.headers["traceparent"])

    app.include_router(router)
    async with service_client(settings, "alerts", "http://alerts.localhost", transport=httpx.ASGITransport(app)) as client:
        with traced(TRACE):
            await client.get("/seen")

    assert seen[0].split("-")[1] == "0af7651916cd43dd8448eb211c80319c"


def test_a_service_without_a_key_cannot_call_and_says_how_to(settings: SampleSettings) -> None:
    with pytest.raises(SettingsError, match="alerts: AUTH_SIGNING_KEY_FILE is not set"):
        service_client(settings.model_copy(update={"auth_signing_key_file": None}), "payments", "http://payments.localhost")
