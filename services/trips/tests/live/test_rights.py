"""Who may follow trips: as long as nobody has revoked it, and while the process has room."""

import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.trips.settings import TripsSettings
from services.trips.tests.fleet import OURS, Fleet, code
from services.trips.tests.live.followers import following
from shared.contracts.analytics import ApiKeyChanged, Revocation, TokensRevoked
from shared.runtime.auth.api_keys import new_api_key
from shared.runtime.clock import system_clock
from shared.testing.http_server import serving, url_of
from shared.testing.messages import TaskRunner
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

pytestmark = [pytest.mark.commits, pytest.mark.timeout(120)]


@pytest.fixture
def settings(settings: TripsSettings) -> TripsSettings:
    """A process that holds two streams, and asks every third of a second who may follow."""
    return settings.model_copy(update={"live_streams_max": 2, "time_factor": 0.02})


@pytest_asyncio.fixture
async def url(app: FastAPI) -> AsyncIterator[str]:
    """The API behind a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with serving(app, listener):
            yield url_of(listener)


async def test_a_token_that_is_revoked_ends_its_streams_and_no_other(
    url: str, fleet: Fleet, signing_keys: SigningKeys, run_task: TaskRunner
) -> None:
    path = f"/v1/trips/{await fleet.assigned()}/live"
    gone, other = [
        {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=OURS, subject=f'user:{name}')}"}
        for name in ("gone", "other")
    ]
    async with httpx.AsyncClient(base_url=url) as client:
        ticket = (await client.post("/v1/live/tickets", headers=gone)).json()["ticket"]
    async with following(url, path, ticket=ticket) as ended, following(url, path, other) as going_on:
        for stream in (ended, going_on):
            await stream.until("snapshot")
        soon = system_clock() + timedelta(seconds=1)
        told = Revocation(kind="subject", key="user:gone", issued_until=soon, expires_at=soon + timedelta(hours=1))
        await run_task(TokensRevoked(revocations=(told,)))
        (expired,) = await ended.until("expired")
        left = [event async for event in ended.events]
        async with following(url, path, other) as third:
            await third.until("snapshot")

    assert (expired.data["detail"].split(";")[0], left) == ("the token was revoked", [])
    assert [one.name for one in going_on.seen] == ["snapshot"]


async def test_an_api_key_that_is_revoked_ends_its_streams(url: str, fleet: Fleet, run_task: TaskRunner) -> None:
    key, key_id, secret_hash = new_api_key()
    made = ApiKeyChanged(key_id=key_id, entity_version=1, secret_hash=secret_hash, scopes=("trips:read",), organization_id=OURS)
    await run_task(made)
    async with following(url, f"/v1/trips/{await fleet.assigned()}/live", {"Authorization": f"Bearer {key}"}) as stream:
        await stream.until("snapshot")
        await run_task(made.model_copy(update={"entity_version": 2, "revoked_at": system_clock()}))
        (expired,) = await stream.until("expired")

    assert expired.data["detail"].startswith("the API key was revoked")


async def test_one_stream_more_than_there_may_be_is_refused_until_another_one_ends(
    url: str, fleet: Fleet, signing_keys: SigningKeys
) -> None:
    trip_id = await fleet.assigned()
    path, shared = f"/v1/trips/{trip_id}/live", (await fleet.ok("POST", f"/v1/trips/{trip_id}/share-links"))["path"]
    headers = {"Authorization": f"Bearer {signing_keys.token('viewer', organization_id=OURS)}"}
    async with httpx.AsyncClient(base_url=url) as client:
        async with following(url, path, headers) as stream, following(url, path, headers) as other:
            for one in (stream, other):
                await one.until("snapshot")
            refused = [await client.get(path, headers=headers), await client.get(f"{shared}/live")]
        await eventually(lambda: _is_open(client, path, headers))

    assert [code(one) for one in refused] == [(429, "too_many_streams")] * 2
    assert {one.headers["retry-after"] for one in refused} == {"5"}


async def _is_open(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> bool:
    async with client.stream("GET", path, headers=headers) as response:
        return response.status_code == 200
