"""Every route of all five apps states who may call it, asks before it does anything, and shows no secret in the logs; what
changes the task system needs `admin`."""

from typing import Annotated
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Security
from starlette.responses import Response
from starlette.routing import Mount, Route

from shared.contracts.lanes import SERVICES
from shared.runtime.auth.access import public, require
from shared.runtime.auth.principal import Principal
from shared.runtime.http.dependencies import made
from shared.runtime.http.openapi import operation_id
from tests.architecture.loaded import Loaded
from tests.architecture.routes import (
    ALWAYS,
    find_control_without_admin,
    find_missing_routes,
    find_repeated_operations,
    find_secrets_in_logs,
    find_threads,
    find_undecided_routes,
    find_work_before_access,
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

    @api.post("/monitoring/tasks/control")
    async def control(principal: TripsWrite) -> None: ...

    assert list(find_control_without_admin("trips", api.routes)) == [
        "POST /v1/operations/lanes/{lane}/pause changes the task system and does not ask for trips:admin",
        "POST /monitoring/tasks/control changes the task system and does not ask for trips:admin",
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


async def whole_body(request: Request) -> bytes:
    return await request.body()


async def body_of_somebody(principal: TripsWrite, request: Request) -> bytes:  # noqa: ARG001 - a route that is only looked at
    return await request.body()


def test_work_for_whoever_asks_is_found(api: FastAPI) -> None:
    @api.put("/v1/lists/{list_id}")
    async def upload(list_id: UUID, body: Annotated[bytes, Depends(whole_body)], principal: TripsWrite) -> None: ...

    @api.put("/v1/other-lists")
    async def upload_as_somebody(principal: TripsWrite, body: Annotated[bytes, Depends(whole_body)]) -> None: ...

    @api.put("/v1/further-lists")
    async def upload_for_somebody(body: Annotated[bytes, Depends(body_of_somebody)]) -> None: ...

    @api.post("/v1/open", dependencies=[public("whoever asks has to sign the body")])
    async def read(body: Annotated[bytes, Depends(whole_body)]) -> None: ...

    assert list(find_work_before_access(api.routes)) == [
        "PUT /v1/lists/{list_id} runs whole_body before it knows who asks; put the principal before it"
    ]


def test_secret_of_a_public_path_under_a_name_that_logs_show_is_found(api: FastAPI) -> None:
    anybody = [public("whoever has the link may look")]

    @api.get("/v1/links/{link}", dependencies=anybody)
    async def follow(link: str) -> None: ...

    @api.get("/v1/doors/{door_id}/{floor:int}/{token}", dependencies=anybody)
    async def enter(door_id: UUID, floor: int, token: str) -> None: ...

    @api.get("/v1/notes/{title}")
    async def read(title: str, principal: TripsRead) -> None: ...

    assert list(find_secrets_in_logs(api.routes)) == [
        "GET /v1/links/{link} is public, and logs show link; call it token or secret if it is one, else type it"
    ]


class Wanted:
    def __init__(self, principal: TripsRead, search: str = "") -> None:
        self.principal, self.search = principal, search


def limit_of(limit: int = 20) -> int:
    return limit


def test_dependencies_that_need_a_thread_are_found(api: FastAPI) -> None:
    @api.get("/v1/trips")
    async def read(wanted: Annotated[Wanted, Depends(made(Wanted))]) -> None: ...

    @api.get("/v1/drivers")
    async def read_in_threads(wanted: Annotated[Wanted, Depends()], limit: Annotated[int, Depends(limit_of)]) -> None: ...

    assert [line.partition(";")[0] for line in find_threads(api.routes)] == [
        "GET /v1/drivers makes Wanted in a thread",
        "GET /v1/drivers makes limit_of in a thread",
    ]
