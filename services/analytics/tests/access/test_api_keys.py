"""API keys: given out with no more than the giver has, shown once, told to every service, and refused when revoked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import text

from services.analytics.tests.access.conftest import API, Desk
from shared.contracts.analytics import ApiKeyChanged, CleanupExpiredTokens, NoteKeyUse
from shared.runtime.auth.api_keys import hash_secret
from shared.runtime.db import Session
from shared.runtime.ids import uuid7
from shared.testing.clock import MONDAY_MORNING
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient

READ = {"name": "the scanner", "scopes": ["trips:read", "analytics:read"]}


async def created(desk: Desk, **fields: Any) -> dict[str, Any]:
    return dict((await desk.admin.post(f"{API}/api-keys", json={**READ, **fields})).raise_for_status().json())


async def test_key_opens_what_its_scopes_say_until_it_is_revoked(desk: Desk, session: Session) -> None:
    ours = await desk.organization()
    key = await created(desk, organization_id=ours)
    holder = desk.client.with_token(key["key"])

    shown = (await holder.get(f"{API}/organizations")).raise_for_status().json()["items"]
    assert [one["id"] for one in shown] == [ours]
    assert await desk.code("GET", "api-keys", holder) == (403, "forbidden")
    for _ in range(2):
        assert await desk.code("POST", f"api-keys/{key['id']}/revoke", desk.admin) == (200, None)
    assert await desk.code("GET", "organizations", holder) == (401, "unauthenticated")

    secret = key["key"].rpartition("_")[2]
    told = await published(session, ApiKeyChanged)
    assert [(one.entity_version, one.revoked_at is None) for one in told] == [(1, True), (2, False)]
    assert {(one.key_id, one.secret_hash, one.scopes) for one in told} == {
        (key["id"], hash_secret(secret), ("analytics:read", "trips:read"))
    }
    listed = (await desk.admin.get(f"{API}/api-keys")).text
    assert key["id"] in listed
    assert secret not in listed


async def test_revoked_key_is_refused_by_a_service_that_was_not_told_yet(
    desk: Desk, session: Session, run_task: TaskRunner, redis: Redis
) -> None:
    key = await created(desk)
    await desk.admin.post(f"{API}/api-keys/{key['id']}/revoke")
    # As the tables of another service are, whose worker stands still, a day later and after the broker was wiped.
    await redis.flushdb()
    await run_task(CleanupExpiredTokens(slot=MONDAY_MORNING + timedelta(days=1)))
    await session.execute(text("UPDATE api_keys SET revoked_at = NULL"))
    await session.execute(text("DELETE FROM access_revocations"))

    assert await desk.code("GET", "organizations", desk.client.with_token(key["key"])) == (401, "unauthenticated")


async def test_nobody_gives_more_than_they_have_or_to_others(desk: Desk, client: ApiClient) -> None:
    ours, theirs = await desk.organization(), await desk.organization("Theirs")
    tenant = client.as_role("admin", organization_id=UUID(ours))
    narrow = client.as_role(scopes=("analytics:admin",))
    foreign = await created(desk, organization_id=theirs)

    assert await desk.code("POST", "api-keys", narrow, json=READ) == (403, "scope_not_held")
    assert await desk.code("POST", "api-keys", tenant, json={**READ, "organization_id": theirs}) == (403, "foreign_organization")
    assert await desk.code("POST", f"api-keys/{foreign['id']}/revoke", tenant) == (404, "api_key_not_found")
    past = {**READ, "expires_at": (MONDAY_MORNING - timedelta(days=1)).isoformat()}
    assert await desk.code("POST", "api-keys", desk.admin, json=past) == (422, "already_expired")
    assert (await desk.admin.post(f"{API}/api-keys", json={**READ, "scopes": ["trips:fly"]})).status_code == 422
    assert (await tenant.get(f"{API}/api-keys")).json()["items"] == []


async def test_use_is_noted_once_in_a_while_and_told_twice_is_told_once(
    desk: Desk, session: Session, run_task: TaskRunner
) -> None:
    key = await created(desk)
    for _ in range(2):
        await desk.client.with_token(key["key"]).get(f"{API}/organizations")
    (use,) = await published(session, NoteKeyUse)
    earlier = use.model_copy(update={"used_at": use.used_at - timedelta(hours=1), "service": "trips"})
    ids = [uuid7(), uuid7()]

    for _ in range(2):
        await run_task.run([use, earlier], ids=ids, redelivered=True)

    row = (await session.execute(text("SELECT last_used_at, last_used_at_service FROM api_keys"))).one()
    assert (row.last_used_at, row.last_used_at_service) == (use.used_at, "analytics")
