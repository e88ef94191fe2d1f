"""With WAYBILL_TLS=on, database and broker are spoken to under an authority of the stack's own, and otherwise not at all."""

from typing import Final

from deploy.local.demo import RunningStack, run_flow
from tests.compose import looks
from tests.compose.project import Project

NEEDED: Final = ("alerts", "notifications")
"""Enough for one flow."""
FRONT: Final = "tests/compose/tls_front.yml"
"""Speaks PostgreSQL's TLS for a server that was built without any, as stand-ins for the official image may be."""

PLAIN: Final = """
import asyncio, json, os, ssl, asyncpg, redis
from dotenv import dotenv_values
settings = dotenv_values("/run/waybill/alerts.env")
found = {}
async def database(name, url, **more):
    try:
        await asyncpg.connect(url, timeout=5, **more)
        found[name] = "let in"
    except (OSError, asyncpg.PostgresError) as error:
        found[name] = type(error).__name__
def broker(name, url):
    try:
        redis.Redis.from_url(url, socket_timeout=5).ping()
        found[name] = "let in"
    except redis.exceptions.RedisError as error:
        found[name] = type(error).__name__
async def main():
    bare = settings["DATABASE_URL"].partition("?")[0]
    await database("database, plain", bare, ssl=False)
    await database("database, another authority", bare, ssl=ssl.create_default_context())
    await database("database", settings["DATABASE_URL"])
    url = settings["REDIS_URL"]
    broker("broker, plain", url.partition("?")[0].replace("rediss:", "redis:"))
    broker("broker, another authority", url.partition("?")[0] + "?ssl_cert_reqs=required")
    broker("broker", url)
    print(json.dumps(found))
asyncio.run(main())
"""


async def test_database_and_broker_are_reached_by_tls_alone(project: Project, flows: RunningStack) -> None:
    services = {one.labels["com.docker.compose.service"] for one in project.containers()}
    is_behind_front = "with-openssl" not in project.compose("exec", "-T", "postgres", "pg_config", "--configure")
    project.set(WAYBILL_TLS="on")
    with project.timed("   start again with TLS"):
        chosen = sorted(name for name in services if name.startswith(NEEDED))
        project.compose("stop", "--timeout", "2", *(services - {*chosen, "postgres", "redis", "sandbox"}))
        if is_behind_front:
            project.add_file(FRONT)
        project.compose("up", "--detach", "--no-build", "sandbox", *chosen)
        project.wait_until_healthy("postgres", "redis", "sandbox", *chosen)

    assert project.ask("alerts-relay", PLAIN) == {
        "database, plain": "InvalidAuthorizationSpecificationError",
        "database, another authority": "SSLCertVerificationError",
        "database": "let in",
        "broker, plain": "ConnectionError",
        "broker, another authority": "ConnectionError",
        "broker": "let in",
    }
    assert project.ask("alerts-relay", looks.DATABASE, "alerts")["tls"] is not is_behind_front
    result = await run_flow("alerts", flows)
    assert [f"{check.name}: {check.found}" for check in result.checks if not check.passed] == []
