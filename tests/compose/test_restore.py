"""A backup that the stack's own worker has made brings a schema back whose rows are gone."""

import json
from typing import Any, Final

from deploy.local.demo import RunningStack, run_flow
from shared.contracts.lanes import SERVICES
from tests.compose.project import Project

SERVERS: Final = ("postgres", "redis", "sandbox")


def ask(project: Project, statement: str) -> str:
    """What the database answers its administrator, on the server's own machine."""
    return project.compose("exec", "-T", "postgres", "psql", "-U", "postgres", "-d", "waybill", "-tAc", statement).strip()


def backups(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(project.run("backups", "list", "--json"))
    return found


async def test_a_schema_whose_rows_are_gone_comes_back_from_a_backup(project: Project, flows: RunningStack) -> None:
    # So that there is something to lose, whichever tests ran before.
    await run_flow("alerts", flows)
    before = len(backups(project))
    project.run("waybill", "backup")
    made = project.wait_for(lambda: backups(project)[before:], "the worker makes no backup", timeout_s=180)
    assert made[-1]["schemas"].split(",") == list(SERVICES)
    services = {one.labels["com.docker.compose.service"] for one in project.containers()}
    with project.timed("   stop all that uses the database"):
        project.compose("stop", "--timeout", "2", *(services - {*SERVERS}))
    wanted = ask(project, "SELECT count(*) FROM alerts.shipments")
    ask(project, "TRUNCATE alerts.shipments CASCADE")

    with project.timed("   restore"):
        said = project.run("backups", "restore", "--schema", "alerts", "--replace", "--yes")
    assert "All is as it was at" in said
    assert ask(project, "SELECT count(*) FROM alerts.shipments") == wanted
    assert int(wanted) > 0

    with project.timed("   start what was restored"):
        needed = sorted(name for name in services if name.startswith(("alerts-", "notifications-")))
        project.compose("up", "--detach", "--no-build", *needed)
        project.wait_until_healthy(*SERVERS, *needed)
    result = await run_flow("alerts", flows)
    assert [f"{check.name}: {check.found}" for check in result.checks if not check.passed] == []
