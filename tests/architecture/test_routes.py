"""Every route of all five apps states who may call it, and what changes the task system needs `admin`."""

from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, Security
from starlette.responses import Response
from starlette.routing import Mount, Route

from shared.contracts.lanes import SERVICES
from shared.runtime.auth.access import public, require
from shared.runtime.auth.principal import Principal
from shared.runtime.http.openapi import operation_id
from tests.architecture.loaded import Loaded
from tests.architecture.routes import (
    ALWAYS,
    find_control_without_admin,
    find_missing_routes,
    find_repeated_operations,
    find_undecided_routes,
)

TripsRead = Annotated[Principal, Security(require("trips:read"))]
TripsWrite = Annotated[Principal, Security(require("trips:write"))]
TripsAdmin = Annotated[Principal, Security(require("trips:admin"))]
Misspelt = Annotated[Principal, Security(require("trip:write"))]


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_states_its_access(name: str, loaded: dict[str, Loaded]) -> None:
    assert loaded[name]["route_problems"] == []


@pytest.fixture
def api() -> FastAPI:
    return FastAPI(openapi_url=None)


def test_routes_without_a_decision_are_found(api: FastAPI) -> None:
    router = APIRouter(prefix="/v1")

    @router.get("/open", dependencies=[public("anybody may look at the open road")])
    async def read_open() -> None: ...

    @router.get("/closed")
    async def read_closed(principal: TripsRead) -> None: ...

    @router.get("/forgotten")
    async def read_forgotten() -> None: ...

    @router.post("/misspelt")
    async def write_misspelt(principal: Misspelt) -> None: ...

    @router.get("/waved", dependencies=[public("fine")])
    async def read_waved() -> None: ...

    api.include_router(router)
    api.router.routes += [Route("/raw", Response()), Mount("/static", Response())]

    assert [line.partition(";")[0] for line in find_undecided_routes(api.routes)] == [
        "GET /v1/forgotten states no access",
        "POST /v1/misspelt asks for trip:write, which nobody can be given",
        "GET /v1/waved is public without a reason that a reader could judge",
        "* /raw states no access",
        "* /static states no access",
    ]


def test_control_without_admin_is_found(api: FastAPI) -> None:
    @api.get("/v1/operations/outbox")
    async def read(principal: TripsRead) -> None: ...

    @api.post("/v1/operations/lanes/{lane}/pause")
    async def pause(lane: str, principal: TripsWrite) -> None: ...

    @api.post("/v1/operations/lanes/{lane}/resume")
    async def resume(lane: str, principal: TripsAdmin) -> None: ...

    assert list(find_control_without_admin("trips", api.routes)) == [
        "POST /v1/operations/lanes/{lane}/pause changes the task system and does not ask for trips:admin"
    ]


def test_a_missing_health_route_is_found(api: FastAPI) -> None:
    assert len(list(find_missing_routes(api.routes))) == len(ALWAYS)


def test_operations_of_one_name_are_found() -> None:
    api = FastAPI(openapi_url=None, generate_unique_id_function=operation_id)
    for kind in ("accounts", "routes"):
        router = APIRouter(prefix=f"/v1/{kind}", tags=["providers"])

        @router.get("", name="list")
        async def read(principal: TripsRead) -> None: ...

        api.include_router(router)

    assert list(find_repeated_operations(api.routes)) == [
        "GET /v1/routes has the operationId providers_list of GET /v1/accounts; give its router a tag of its own"
    ]
