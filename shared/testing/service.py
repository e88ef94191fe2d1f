"""Fixtures around one service: its settings, its API in this process, its handlers in this process.

Everything here uses the test's rolled-back transaction, or, in a test marked `commits`, a database of its own.
"""

import dataclasses
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from redis.asyncio import Redis

from shared.contracts.message import Message
from shared.runtime.auth.verifier import Authenticator
from shared.runtime.db import Database
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.http.settings import HttpSettings
from shared.runtime.inbox.handlers import Handler
from shared.runtime.process import ProcessRuntime
from shared.runtime.tasks import MessageTask
from shared.testing.clock import FrozenClock
from shared.testing.messages import HandlerSource, TaskRunner
from shared.testing.template import roles_of
from shared.testing.tokens import SigningKeys


def commits(request: pytest.FixtureRequest) -> bool:
    """Whether the test is marked to commit in truth."""
    return request.node.get_closest_marker("commits") is not None


@pytest.fixture
def app_database(request: pytest.FixtureRequest) -> Database:
    """The Database behind `client` and `run_task`."""
    database: Database = request.getfixturevalue("database" if commits(request) else "joined_database")
    return database


@pytest.fixture
def settings(request: pytest.FixtureRequest, service: str, broker_url: str, signing_keys: SigningKeys) -> HttpSettings:
    """The service's settings. Override it to add those that the service needs: `settings.model_copy(update={...})`."""
    if commits(request):
        url = request.getfixturevalue("fresh").url(service)
    else:
        address, name = request.getfixturevalue("postgres"), request.getfixturevalue("process_database")
        url = address.url(name, roles_of(service)[1])
    module = importlib.import_module(f"services.{service}.settings")
    settings_class: type[HttpSettings] = getattr(module, f"{service.capitalize()}Settings")
    return settings_class(
        database_url=url,
        redis_url=SecretStr(broker_url),
        auth_jwks=str(signing_keys.jwks_file),
        auth_signing_key_file=signing_keys.service_key_file(service),
    )


@cache
def _application(service: str) -> FastAPI:
    """Built once per process: that takes longer than most tests. What a test's own is, its start brings."""
    built: FastAPI = importlib.import_module(f"services.{service}.app").create_app()
    return built


@asynccontextmanager
async def started(application: FastAPI, settings: HttpSettings, database: Database, clock: FrozenClock) -> AsyncIterator[None]:
    """The application started with these, and ended."""
    application.state.settings = settings
    async with application.router.lifespan_context(application):
        runtime: HttpRuntime = application.state.runtime
        # Tokens end by the wall clock, because they are made by it.
        authenticator = Authenticator.from_settings(settings, database, runtime.redis, own_keys=application.state.own_keys)
        application.state.runtime = dataclasses.replace(runtime, database=database, clock=clock, authenticator=authenticator)
        yield


@pytest_asyncio.fixture
async def app(settings: HttpSettings, app_database: Database, clock: FrozenClock, service: str) -> AsyncIterator[FastAPI]:
    """The service's application, started, with the test's database and clock in place of its own.

    Tests share it: whoever adds a route makes one with `create_app`, and starts that.
    """
    application = _application(service)
    routes = len(application.router.routes)
    async with started(application, settings, app_database, clock):
        yield application
    application.dependency_overrides.clear()
    assert len(application.router.routes) == routes, "the next test would have the routes that this one has added"


class ApiClient(httpx.AsyncClient):
    """A client of the service's application in this process, anonymous until `as_role` makes one that is not."""

    def __init__(self, app: FastAPI, keys: SigningKeys, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(app=app)
        super().__init__(transport=transport, base_url="http://api.localhost", headers=headers)
        self._app = app
        self._keys = keys

    def as_role(self, *roles: str, organization_id: UUID | None = None, **claims: Any) -> "ApiClient":
        """The same API as somebody with these roles. claims: what else `SigningKeys.token` takes, such as `scopes`."""
        return self.with_token(self._keys.token(*roles, organization_id=organization_id, **claims))

    def with_token(self, token: str) -> "ApiClient":
        """The same API with this bearer token or API key."""
        return ApiClient(self._app, self._keys, token)


@pytest_asyncio.fixture
async def client(app: FastAPI, signing_keys: SigningKeys) -> AsyncIterator[ApiClient]:
    """The service's API. `client.as_role("operator", organization_id=…)` is somebody."""
    async with ApiClient(app, signing_keys) as client:
        yield client


def handler_of(service: str) -> HandlerSource:
    """Finds a handler where the service's worker does: in the modules that its worker.py lists."""

    def find(message_type: type[Message]) -> Handler:
        modules: tuple[str, ...] = importlib.import_module(f"services.{service}.worker").TASK_MODULES
        for module in modules:
            for value in vars(importlib.import_module(module)).values():
                if isinstance(value, MessageTask) and value.message_type is message_type:
                    return value.handler
        name = message_type.contract.name
        pytest.fail(
            f"the worker of {service} has no handler for {name}: is its module in TASK_MODULES of services/{service}/worker.py?"
        )

    return find


@pytest_asyncio.fixture
async def worker_runtime(
    settings: HttpSettings, app_database: Database, redis: Redis, clock: FrozenClock
) -> AsyncIterator[ProcessRuntime]:
    """What a worker's process would hold: handlers reach settings, database, broker and clock through it."""
    runtime = ProcessRuntime(settings, clock=clock, database=app_database, client=redis)
    yield runtime
    await runtime.close()


@pytest.fixture
def run_task(worker_runtime: ProcessRuntime, service: str) -> TaskRunner:
    """`await run_task(message)` delivers a message to its handler in this process, and says what became of it."""
    return TaskRunner(worker_runtime, handler_of(service))
