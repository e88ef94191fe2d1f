"""The services' applications as production runs them: uvicorn, a real database and broker, signals."""

import json
import signal

import httpx
import pytest
from redis.asyncio import Redis

from shared.contracts.lanes import SERVICES
from shared.runtime.broker import hint_channel
from shared.testing.process import Processes
from shared.testing.wait import eventually

SMTP = {
    "SMTP_HOST": "localhost",
    "SMTP_FROM": "noreply@example.org",
    "SIGNING_KEYS": "k1:a-secret-for-tests-only",
    "ADDRESS_HASH_KEY": "another-secret-for-tests",
}


@pytest.mark.parametrize("name", SERVICES)
async def test_every_service_starts_becomes_ready_and_ends_on_sigterm(processes: Processes, name: str) -> None:
    api = processes.api(name, **SMTP)
    await api.ready()
    async with httpx.AsyncClient(base_url=api.url) as client:
        version = (await client.get("/version")).json()
    api.child.send(signal.SIGTERM)

    assert version["service"] == name
    assert await api.gone() in (0, -signal.SIGTERM)
    assert all(json.loads(line)["service"] == name for line in api.log().splitlines() if line.startswith("{"))


async def test_an_api_that_hosts_its_relay_listens_for_hints_and_ends_with_it(processes: Processes, redis: Redis) -> None:
    api = processes.api("trips", RELAY_IN_API="true")
    await api.ready()

    async def listening() -> bool:
        [(_, listeners)] = await redis.pubsub_numsub(hint_channel("trips"))
        return bool(listeners)

    await eventually(listening, 10, "nobody hears the hints")
    assert api.stop() in (0, -signal.SIGTERM)
    assert "relay_failed" not in api.log()


async def test_a_missing_setting_ends_the_start_with_a_sentence(processes: Processes) -> None:
    api = processes.api("notifications", **{name: value for name, value in SMTP.items() if name != "SMTP_HOST"})

    assert await api.gone() == 1
    assert "notifications: SMTP_HOST is not set" in api.log()
    assert "Traceback" not in api.log()


async def test_an_api_starts_without_its_database_and_says_so(processes: Processes) -> None:
    api = processes.api("trips", DATABASE_URL="postgresql://nobody:x@127.0.0.1:1/none")
    async with httpx.AsyncClient(base_url=api.url) as client:

        async def detail() -> str:
            try:
                return str((await client.get("/readyz")).json()["detail"])
            except httpx.TransportError:
                return ""

        said = await eventually(detail, 20, "the API does not answer")
        alive = await client.get("/livez")

    assert said == "database failed (ConnectionRefusedError); migrations failed (ConnectionRefusedError)"
    assert alive.status_code == 200
