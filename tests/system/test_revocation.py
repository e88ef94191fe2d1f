"""Who was let go of at one service is refused by the API of another, within seconds, also when the broker was wiped meanwhile."""

import base64
from typing import Any, Final

import httpx
import pytest
from redis.asyncio import Redis

from services.analytics.operators.first_admin import make
from services.analytics.settings import AnalyticsSettings
from shared.runtime.process import ProcessRuntime
from shared.testing.process import Processes
from shared.testing.tokens import SigningKeys
from shared.testing.wait import eventually

SECONDS: Final = 20
ENCRYPTION: Final = {"ENCRYPTION_KEYS": f"k1:{base64.b64encode(bytes(32)).decode()}"}
EMAIL, PASSWORD = "ann@example.com", "a long walk to the harbour"


async def first_password(environment: dict[str, str]) -> str:
    """Of the first administrator."""
    wanted = ("database_url", "redis_url", "encryption_keys")
    given: dict[str, Any] = {name: environment[name.upper()] for name in wanted}
    runtime = ProcessRuntime(AnalyticsSettings(**given))
    try:
        return await make(runtime, EMAIL, "Ann", another=False)
    finally:
        await runtime.close()


@pytest.mark.commits
@pytest.mark.timeout(120)
async def test_revocations_and_keys_are_honoured_by_another_service(
    processes: Processes, signing_keys: SigningKeys, redis: Redis
) -> None:
    analytics = processes.api("analytics", RELAY_IN_API="true", **ENCRYPTION)
    key_sets = f"{signing_keys.jwks_file},{analytics.url}/v1/access/jwks.json"
    alerts = processes.api("alerts", AUTH_JWKS=key_sets)
    worker = processes.worker("alerts", "--concurrency", "1")
    for process in (analytics, alerts, worker):
        await process.ready()
    once = await first_password(processes.environment("analytics", **ENCRYPTION))

    async with httpx.AsyncClient(base_url=f"{analytics.url}/v1/access", timeout=10) as access:

        async def ask(path: str, **body: Any) -> Any:
            answer = (await access.post(path, json=body)).raise_for_status()
            return answer.json() if answer.content else None

        async def status_of(credentials: str) -> int:
            headers = {"Authorization": f"Bearer {credentials}"}
            async with httpx.AsyncClient(base_url=alerts.url, headers=headers, timeout=10) as other:
                return (await other.get("/v1/operations/lanes")).status_code

        async def becomes(credentials: str, status: int) -> None:
            async def it() -> bool:
                return await status_of(credentials) == status

            await eventually(it, SECONDS, f"alerts does not answer {status}")

        await ask("/password", email=EMAIL, password=once, new_password=PASSWORD)
        token = (tokens := await ask("/login", email=EMAIL, password=PASSWORD))["access_token"]
        assert await status_of(token) == 200
        access.headers["Authorization"] = f"Bearer {token}"
        key = await ask("/api-keys", name="a scanner", scopes=["alerts:read"])
        await becomes(key["key"], 200)

        await ask(f"/api-keys/{key['id']}/revoke")
        await becomes(key["key"], 401)
        await ask("/logout", refresh_token=tokens["refresh_token"])
        await redis.flushall()
        await becomes(token, 401)
        assert await status_of(signing_keys.token("viewer")) == 200
