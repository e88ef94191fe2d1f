"""Organizations and operators: who decides on them, and what ends with each decision."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from services.analytics.app import create_app
from services.analytics.operators.first_admin import Refused, make
from services.analytics.settings import AnalyticsSettings
from services.analytics.tests.access.conftest import API, PASSWORD, Desk
from shared.contracts.analytics import CleanupExpiredTokens, OrganizationChanged
from shared.runtime.auth.revocation_cache import SUSPENDED
from shared.runtime.db import Database, Session
from shared.runtime.process import ProcessRuntime
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient
from shared.testing.wait import eventually


async def test_organization_is_told_of_with_each_version_and_the_same_name_is_none(desk: Desk, session: Session) -> None:
    ours = await desk.organization("Nordlicht")
    path = f"organizations/{ours}"

    assert await desk.code("PATCH", path, desk.admin, json={"name": "Polaris"}) == (428, "precondition_required")
    for _ in range(2):
        answer = await desk.admin.patch(f"{API}/{path}", json={"name": "Polaris"}, headers={"If-Match": "*"})
        assert (answer.json()["name"], answer.headers["ETag"]) == ("Polaris", '"v2"')
    assert await desk.code("POST", "organizations", desk.admin, json={"name": "X", "id": ours}) == (409, "organization_taken")
    told = [(one.name, one.status, one.entity_version) for one in await published(session, OrganizationChanged)]
    assert told == [("Nordlicht", "active", 1), ("Polaris", "active", 2)]


async def test_whoever_is_bound_to_a_suspended_organization_is_refused_until_it_is_let_in(desk: Desk) -> None:
    ours = await desk.organization()
    await desk.operator(organization_id=ours)
    tokens = await desk.login()
    holder, why = desk.client.with_token(tokens["access_token"]), {"reason": "three invoices are open"}

    assert await desk.code("POST", f"organizations/{ours}/suspend", desk.admin, json=why) == (200, None)
    assert await desk.code("GET", "sessions", holder) == (403, "organization_suspended")
    refused = await desk.code("POST", "refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refused == (401, "refresh_refused")
    assert await desk.code("POST", f"organizations/{ours}/resume", desk.admin, json=why) == (200, None)
    assert await desk.code("GET", "sessions", holder) == (200, None)


@pytest.mark.commits
async def test_suspension_and_revocation_whose_commit_fails_refuse_nobody(
    desk: Desk, client: ApiClient, redis: Redis, owner: asyncpg.Connection
) -> None:
    ours, why = await desk.organization(), {"reason": "three invoices are open"}
    holder = client.as_role("viewer", subject="operator:a", organization_id=UUID(ours))
    await owner.execute("""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON organizations DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse();
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON access_revocations DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse();
    """)

    suspended = await desk.code("POST", f"organizations/{ours}/suspend", desk.admin, json=why)
    revoked = await desk.code("POST", "revocations", desk.admin, json={"subject": "operator:a", **why})

    assert suspended == revoked == (500, "internal_error")
    assert await redis.keys("access:*") == []
    assert await desk.code("GET", "organizations", holder) == (200, None)


async def test_suspension_that_nobody_has_decided_is_taken_out_of_redis(
    desk: Desk, client: ApiClient, redis: Redis, run_task: TaskRunner
) -> None:
    ours = await desk.organization()
    holders = [client.as_role("viewer", subject=f"operator:{name}", organization_id=UUID(ours)) for name in ("a", "b")]
    await redis.set(f"{SUSPENDED}:{ours}", 2)
    assert await desk.code("GET", "organizations", holders[0]) == (403, "organization_suspended")

    await run_task(CleanupExpiredTokens())

    assert await desk.code("GET", "organizations", holders[1]) == (200, None)


@pytest.mark.commits
async def test_redis_follows_the_tables_within_seconds_whatever_it_says(
    settings: AnalyticsSettings, owner: asyncpg.Connection, redis: Redis
) -> None:
    suspend = "INSERT INTO organizations VALUES ($1, 'Nordlicht', 'suspended', 3, now(), now(), 'test')"
    ours, theirs = uuid4(), uuid4()
    revoke = "INSERT INTO access_revocations VALUES ('token', $1, now(), now() + interval '1 hour')"
    await redis.set(f"{SUSPENDED}:{theirs}", 9)

    async def says(organization_id: UUID, version: bytes | None) -> bool:
        return bool(await redis.get(f"{SUSPENDED}:{organization_id}") == version)

    application = create_app(settings.model_copy(update={"time_factor": 0.02}))
    async with application.router.lifespan_context(application):
        await owner.execute(suspend, ours)
        await owner.execute(suspend.replace("'suspended', 3", "'active', 9"), theirs)
        await owner.execute(revoke, "abc")
        await eventually(lambda: says(ours, b"3"), 10)
        await eventually(lambda: says(theirs, None), 10)
        assert await redis.exists("access:revoked:token:abc") == 1
        await owner.execute("UPDATE organizations SET status = 'active', version = 4")
        await eventually(lambda: says(ours, None), 10)


async def test_suspension_is_honoured_and_lifted_at_a_service_that_was_not_told_yet(
    desk: Desk, client: ApiClient, session: Session, run_task: TaskRunner, redis: Redis
) -> None:
    ours, why = await desk.organization(), {"reason": "three invoices are open"}
    holders = [client.as_role("viewer", subject=f"operator:{name}", organization_id=UUID(ours)) for name in ("a", "b", "c")]
    behind = text("UPDATE organizations SET status = 'active', version = 1")

    await desk.code("POST", f"organizations/{ours}/suspend", desk.admin, json=why)
    # The broker was wiped, and the entry written anew; then the tables are as those of a service whose worker stands still.
    await redis.flushdb()
    await run_task(CleanupExpiredTokens())
    await session.execute(behind)
    assert await desk.code("GET", "organizations", holders[0]) == (403, "organization_suspended")

    # An entry that was left over yields to a newer version.
    await session.execute(text("UPDATE organizations SET version = 2"))
    assert await desk.code("GET", "organizations", holders[1]) == (200, None)

    await session.execute(text("UPDATE organizations SET status = 'suspended'"))
    await desk.code("POST", f"organizations/{ours}/resume", desk.admin, json=why)
    await session.execute(behind)
    assert await desk.code("GET", "organizations", holders[2]) == (200, None)


async def test_administrator_of_one_organization_decides_on_its_operators_alone(desk: Desk, client: ApiClient) -> None:
    ours, theirs = await desk.organization(), await desk.organization("Theirs")
    stranger = await desk.operator("bob@example.com", organization_id=theirs)
    tenant = client.as_role("admin", organization_id=UUID(ours))
    new = {"email": "new@example.com", "name": "New", "role": "admin"}

    assert await desk.code("POST", "operators", tenant, json={**new, "organization_id": theirs}) == (403, "foreign_organization")
    made = (await tenant.post(f"{API}/operators", json=new)).raise_for_status().json()
    assert made["organization_id"] == ours
    assert [one["id"] for one in (await tenant.get(f"{API}/operators")).json()["items"]] == [made["id"]]
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/reset-password")):
        body: dict[str, Any] = {"headers": {"If-Match": "*"}, "json": {"role": "viewer"} if method == "PATCH" else None}
        assert await desk.code(method, f"operators/{stranger['id']}{path}", tenant, **body) == (404, "operator_not_found")
    assert await desk.code("POST", "organizations", tenant, json={"name": "Mine"}) == (403, "bound_to_organization")
    assert await desk.code("POST", "operators", desk.admin, json=new) == (409, "email_taken")
    nowhere = {**new, "email": "n@example.com", "organization_id": str(uuid4())}
    assert await desk.code("POST", "operators", desk.admin, json=nowhere) == (404, "organization_not_found")


@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}, None], ids=["role", "disabled", "password"])
async def test_what_was_allowed_before_ends_with_the_change(change: dict[str, Any] | None, desk: Desk) -> None:
    made = await desk.operator()
    tokens = await desk.login()
    path, any_version = f"operators/{made['id']}", {"If-Match": "*"}

    if change is not None:
        assert await desk.code("PATCH", path, desk.admin, json=change, headers=any_version) == (200, None)
    else:
        assert await desk.code("POST", f"{path}/reset-password", desk.admin, headers=any_version) == (200, None)

    assert await desk.code("GET", "sessions", desk.client.with_token(tokens["access_token"])) == (401, "unauthenticated")
    logged_in = await desk.code("POST", "login", json={"email": "ann@example.com", "password": PASSWORD})
    assert logged_in == ((200, None) if change == {"role": "viewer"} else (401, "login_refused"))


async def test_first_administrator_is_made_once_and_the_last_one_stays(desk: Desk, worker_runtime: ProcessRuntime) -> None:
    password = await make(worker_runtime, "root@example.com", "Root", another=False)

    with pytest.raises(Refused, match="there is an administrator already"):
        await make(worker_runtime, "other@example.com", "Other", another=False)
    chosen = {"email": "root@example.com", "password": password, "new_password": PASSWORD}
    assert await desk.code("POST", "password", json=chosen) == (204, None)
    (root,) = (await desk.admin.get(f"{API}/operators")).json()["items"]
    last = await desk.code("PATCH", f"operators/{root['id']}", desk.admin, json={"disabled": True}, headers={"If-Match": "*"})
    assert last == (409, "last_administrator")
    lines = (await desk.admin.get("/v1/operations/audit")).json()["items"]
    assert [line["action"] for line in lines] == ["access.password_changed", "access.operator_created"]
    assert "root@example.com" not in str(lines)


@pytest.mark.commits
async def test_of_two_administrators_who_disable_each_other_one_stays(desk: Desk, database: Database) -> None:
    one, other = [await desk.invited(f"{name}@example.com", "admin") for name in ("one", "other")]

    def disable(made: dict[str, Any]) -> Any:
        return desk.code("PATCH", f"operators/{made['id']}", desk.admin, json={"disabled": True}, headers={"If-Match": "*"})

    answers = await asyncio.gather(disable(one), disable(other))

    assert sorted(answers) == [(200, None), (409, "last_administrator")]
    async with database.read() as session:
        left = await session.scalar(text("SELECT count(*) FROM operators WHERE disabled_at IS NULL"))
    assert left == 1
