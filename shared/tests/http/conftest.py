"""The sample application on a database and a broker of the test's own."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from shared.runtime.http.app import create_app
from shared.testing.database import FreshDatabase
from shared.testing.proxy import FaultProxy
from shared.testing.tokens import SigningKeys
from shared.tests.http import sample
from shared.tests.http.sample import SampleSettings


@pytest.fixture
def service() -> str:
    return "alerts"


@pytest_asyncio.fixture
async def to_database(fresh: FreshDatabase) -> AsyncIterator[FaultProxy]:
    """The way from the application to its database."""
    async with FaultProxy(fresh.address.port) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def to_broker(broker_url: str) -> AsyncIterator[FaultProxy]:
    """The way from the application to its broker."""
    async with FaultProxy(urlsplit(broker_url).port or 0) as proxy:
        yield proxy


@pytest.fixture
def settings(
    fresh: FreshDatabase, to_database: FaultProxy, broker_url: str, to_broker: FaultProxy, signing_keys: SigningKeys
) -> SampleSettings:
    return SampleSettings(
        database_url=SecretStr(fresh.url("alerts").replace(f":{fresh.address.port}/", f":{to_database.port}/")),
        redis_url=SecretStr(broker_url.replace(f":{urlsplit(broker_url).port}/", f":{to_broker.port}/")),
        auth_jwks=str(signing_keys.jwks_file),
        auth_signing_key_file=signing_keys.service_key_file("alerts"),
    )


@pytest_asyncio.fixture
async def notes(owner: asyncpg.Connection) -> asyncpg.Connection:
    """A connection that sees the table `notes`."""
    await owner.execute(sample.TABLE)
    return owner


@pytest_asyncio.fixture
async def app(settings: SampleSettings, notes: asyncpg.Connection) -> AsyncIterator[FastAPI]:  # noqa: ARG001 — the table must exist.
    application = create_app(settings, [sample.router, sample.others])
    async with application.router.lifespan_context(application):
        yield application


@pytest_asyncio.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.localhost") as client:
        yield client


@pytest_asyncio.fixture
async def client(anonymous: httpx.AsyncClient, signing_keys: SigningKeys) -> httpx.AsyncClient:
    """Somebody who may read and write."""
    anonymous.headers["Authorization"] = f"Bearer {signing_keys.token('operator')}"
    return anonymous


@pytest.fixture
def key() -> dict[str, str]:
    """The header of a new request."""
    return {"Idempotency-Key": f'"{uuid4()}"'}
