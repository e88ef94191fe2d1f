import json
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts

from shared.contracts.lanes import SERVICES
from shared.runtime.auth.access import AccessDecision, access_of, require, undecided_routes
from shared.runtime.auth.api_keys import new_api_key
from shared.runtime.http.app import create_app
from shared.testing.tokens import SigningKeys
from shared.tests.http.sample import Reader, SampleSettings


async def test_without_credentials_the_answer_is_401_with_a_challenge(anonymous: httpx.AsyncClient) -> None:
    for headers in ({}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
        response = await anonymous.get("/v1/notes", headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
        assert response.headers["www-authenticate"] == 'Bearer realm="waybill"'


async def test_without_the_scope_the_answer_is_403_and_nothing_changes(
    anonymous: httpx.AsyncClient, signing_keys: SigningKeys, notes: asyncpg.Connection, key: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {signing_keys.token('viewer')}", **key}
    response = await anonymous.post("/v1/notes", json={"title": "Milk"}, headers=headers)

    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert 'error="insufficient_scope", scope="alerts:write"' in response.headers["www-authenticate"]
    assert await notes.fetchval("SELECT count(*) FROM notes") == 0
    assert await notes.fetchval("SELECT count(*) FROM idempotency_keys") == 0


async def test_an_api_key_works_like_a_token(settings: SampleSettings, notes: asyncpg.Connection, tmp_path: Path) -> None:
    text, key_id, hashed = new_api_key()
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({key_id: {"hash": hashed, "scopes": ["alerts:read"]}}))
    app = create_app(settings.model_copy(update={"auth_api_keys_file": file}))
    app.include_router(_whoami())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client,
    ):
        response = await client.get("/whoami", headers={"Authorization": f"Bearer {text}"})

    assert (response.status_code, response.json()) == (200, f"api_key:{key_id}")
    assert await notes.fetchval("SELECT count(*) FROM notes") == 0


def _whoami() -> APIRouter:
    router = APIRouter()

    @router.get("/whoami")
    async def whoami(principal: Reader) -> str:
        return principal.id

    return router


def test_a_route_without_a_decision_stops_the_start(settings: SampleSettings) -> None:
    router = APIRouter(prefix="/v1/open")

    @router.get("")
    async def open_to_all() -> None: ...

    with pytest.raises(ValueError, match="no access is declared for GET /v1/open"):
        create_app(settings, [router])


def test_a_requirement_names_a_scope() -> None:
    with pytest.raises(ValueError, match="name at least one scope"):
        require()


def test_the_decision_of_a_route_can_be_asked_for(app: FastAPI) -> None:
    decisions = {
        (context.path, *sorted(context.methods or ())): access_of(context) for context in iter_route_contexts(app.routes)
    }

    assert decisions["/v1/notes", "GET"] == AccessDecision(scopes=("alerts:read",))
    assert decisions["/livez", "GET"] == AccessDecision(public_reason="probes have no credentials")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_an_application_whose_routes_are_all_decided(name: str) -> None:
    module = __import__(f"services.{name}.app", fromlist=["create_app"])

    assert undecided_routes(module.create_app().routes) == []
