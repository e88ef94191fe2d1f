"""Backups and drills: made once, written down, tried, let go, and asked for by HTTP."""

from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr

from services.analytics.relay import MEASURES
from services.analytics.settings import AnalyticsSettings
from shared.contracts.analytics import BackupCriticalData, RunRestoreDrill
from shared.runtime.db import Database
from shared.runtime.dumps.manifest import read_manifest
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.metrics import REGISTRY
from shared.runtime.process import ProcessRuntime
from shared.testing.clock import FrozenClock
from shared.testing.database import FreshDatabase
from shared.testing.messages import TaskRunner, published
from shared.testing.service import ApiClient
from shared.testing.tokens import SigningKeys

pytestmark = pytest.mark.commits

WHY = {"reason": "before the migration of tonight"}


@pytest.fixture
def settings(fresh: FreshDatabase, broker_url: str, signing_keys: SigningKeys, tmp_path: Path) -> HttpSettings:
    """With backups of two schemas, of which the two newest are kept."""
    return AnalyticsSettings(
        database_url=SecretStr(fresh.url("analytics")),
        redis_url=SecretStr(broker_url),
        auth_jwks=str(signing_keys.jwks_file),
        auth_signing_key_file=signing_keys.service_key_file("analytics"),
        backup_database_url=SecretStr(fresh.address.url(fresh.name, "backup")),
        restore_drill_url=SecretStr(fresh.address.url("postgres", "restore")),
        backup_dir=tmp_path / "backups",
        backup_schemas=("alerts", "analytics"),
        backup_keep_recent=2,
        backup_keep_daily=0,
        backup_keep_weekly=0,
    )


def folders(tmp_path: Path) -> list[str]:
    """What lies where backups are."""
    return sorted(path.name for path in (tmp_path / "backups").iterdir())


def dumped_bytes(tmp_path: Path) -> int:
    """On the disk."""
    return sum(path.stat().st_size for path in tmp_path.rglob("*.dump"))


async def databases(fresh: FreshDatabase) -> int:
    """How many there are of drills."""
    connection = await asyncpg.connect(fresh.address.url())
    found: int = await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname LIKE 'waybill_drill_%'")
    await connection.close()
    return found


async def test_backup_that_runs_twice_is_made_once_and_a_drill_that_runs_twice_restores_all_of_it(
    fresh: FreshDatabase, run_task: TaskRunner, client: ApiClient, tmp_path: Path, database: Database, clock: FrozenClock
) -> None:
    key, drill, reader = uuid7(), uuid7(), client.as_role("viewer")
    made = [await run_task(BackupCriticalData(), ids=[key]) for _ in range(2)]
    made.append(await run_task(BackupCriticalData(backup_id=key)))
    tried = [await run_task(RunRestoreDrill(), ids=[drill]) for _ in range(2)]
    tried.append(await run_task(RunRestoreDrill(drill_id=drill)))
    shown = (await reader.get(f"/v1/backups/{key}")).json()
    passed = (await reader.get(f"/v1/restore-drills/{drill}")).json()
    standing = (await reader.get("/v1/backups/standing")).json()

    assert [one.outcome for one in made] == [one.outcome for one in tried] == ["done", "done", "dropped"]
    assert (shown["state"], shown["attempt"], shown["error"]) == ("verified", 1, None)
    assert folders(tmp_path) == [shown["folder"]]
    manifest = read_manifest(tmp_path / "backups" / shown["folder"])
    assert [(one["name"], one["sha256"]) for one in shown["schemas"]] == [(one.name, one.sha256) for one in manifest.schemas]
    assert shown["size_bytes"] == dumped_bytes(tmp_path)
    assert (passed["state"], passed["backup_id"], passed["differences"]) == ("passed", str(key), [])
    assert passed["row_count"] == shown["row_count"] > 0
    assert (standing["newest_id"], standing["recovery_time_s"]) == (str(key), passed["took_s"])
    assert standing["last_error"] is None
    assert await databases(fresh) == 0
    for measure in MEASURES:
        await measure(database, clock)
    figures = [REGISTRY.get_sample_value(f"waybill_{name}") for name in ("backup_bytes", "restore_seconds")]
    assert figures == [shown["size_bytes"], passed["took_s"]]


async def test_backups_that_are_kept_no_longer_are_removed_and_a_folder_that_is_gone_is_not_counted_on(
    run_task: TaskRunner, client: ApiClient, tmp_path: Path
) -> None:
    keys = [uuid7() for _ in range(4)]
    for key in keys[:3]:
        await run_task(BackupCriticalData(), ids=[key])
    lost = (await client.as_role("viewer").get(f"/v1/backups/{keys[2]}")).json()["folder"]
    (tmp_path / "backups" / lost).rename(tmp_path / "elsewhere")
    await run_task(BackupCriticalData(), ids=[keys[3]])
    page = (await client.as_role("viewer").get("/v1/backups", params={"limit": 3})).json()
    rest = (await client.as_role("viewer").get("/v1/backups", params={"limit": 3, "cursor": page["next_cursor"]})).json()

    rows = {item["id"]: (item["state"], item["error"]) for item in (*page["items"], *rest["items"])}
    assert rows == {
        str(keys[0]): ("removed", "kept no longer"),
        str(keys[1]): ("verified", None),
        str(keys[2]): ("removed", "somebody else has removed its folder"),
        str(keys[3]): ("verified", None),
    }
    assert len(folders(tmp_path)) == 2


async def test_backups_of_a_disk_that_was_away_for_one_run_count_again_and_are_let_go_of_in_their_time(
    run_task: TaskRunner, client: ApiClient, tmp_path: Path
) -> None:
    keys, reader, disk = [uuid7() for _ in range(4)], client.as_role("viewer"), tmp_path / "backups"
    for key in keys[:2]:
        await run_task(BackupCriticalData(), ids=[key])
    disk.rename(tmp_path / "away")
    await run_task(BackupCriticalData(), ids=[keys[2]])
    without = [(await reader.get(f"/v1/backups/{key}")).json()["state"] for key in keys[:2]]
    for folder in disk.iterdir():
        folder.rename(tmp_path / "away" / folder.name)
    disk.rmdir()
    (tmp_path / "away").rename(disk)
    await run_task(BackupCriticalData(), ids=[keys[3]])

    shown = [(await reader.get(f"/v1/backups/{key}")).json() for key in keys]
    assert without == ["removed", "removed"]
    assert [(one["state"], one["error"]) for one in shown[:2]] == [("removed", "kept no longer")] * 2
    assert [(one["state"], one["removed_at"]) for one in shown[2:]] == [("verified", None)] * 2
    assert folders(tmp_path) == sorted(one["folder"] for one in shown[2:])


async def test_backup_on_a_full_disk_fails_clearly_and_makes_room_by_what_is_kept_no_longer(
    run_task: TaskRunner, worker_runtime: ProcessRuntime, client: ApiClient, tmp_path: Path
) -> None:
    keys, reader = [uuid7() for _ in range(3)], client.as_role("viewer")
    for key in keys[:2]:
        await run_task(BackupCriticalData(), ids=[key])
    newest = (await reader.get(f"/v1/backups/{keys[1]}")).json()["folder"]
    with (tmp_path / "backups" / newest / "alerts.dump").open("r+b") as file:
        file.truncate(1 << 43)  # as if the next one needed so much; a file with a hole takes no room
    worker_runtime.settings = worker_runtime.settings.model_copy(update={"backup_keep_recent": 1})

    full = await run_task(BackupCriticalData(), ids=[keys[2]])
    shown = [(await reader.get(f"/v1/backups/{key}")).json() for key in keys]

    assert (full.outcome, full.error_class) == ("retry", "DiskFull")
    assert [one["state"] for one in shown] == ["removed", "verified", "failed"]
    assert "make room, or keep fewer backups" in shown[2]["error"]
    assert shown[2]["folder"] is None
    assert folders(tmp_path) == [newest]


async def test_backup_whose_process_died_is_finished_where_it_is_whole_and_failed_where_it_is_not(
    owner: asyncpg.Connection, run_task: TaskRunner, client: ApiClient
) -> None:
    whole, half, reader = uuid7(), uuid7(), client.as_role("viewer")
    await run_task(BackupCriticalData(), ids=[whole])
    await owner.execute("UPDATE backups SET state = 'failed', error = 'x', folder = NULL WHERE id = $1", whole)
    await owner.execute("INSERT INTO backups (id, state, requested_by, asked_at) VALUES ($1, 'running', 'x', now())", half)

    await run_task(BackupCriticalData(backup_id=whole))
    states = [(await reader.get(f"/v1/backups/{key}")).json() for key in (whole, half)]

    assert [(one["state"], one["attempt"]) for one in states] == [("verified", 1), ("failed", 0)]
    assert states[1]["error"] == "its process ended before it did"
    assert (await run_task(BackupCriticalData(backup_id=half))).outcome == "done"
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(
            "INSERT INTO backups (id, state, requested_by, asked_at) "
            "SELECT uuidv7(), 'running', '', now() FROM generate_series(1, 2)"
        )


async def test_what_cannot_be_backed_up_or_restored_says_why(run_task: TaskRunner, client: ApiClient, tmp_path: Path) -> None:
    reader = client.as_role("viewer")
    empty = await run_task(RunRestoreDrill())
    (tmp_path / "backups").touch()
    refused = await run_task(BackupCriticalData(), ids=[key := uuid7()])
    shown = (await reader.get(f"/v1/backups/{key}")).json()
    (tmp_path / "backups").unlink()
    await run_task(BackupCriticalData())
    dump = next((tmp_path / "backups").glob("*/alerts.dump"))
    dump.write_bytes(dump.read_bytes()[:-1])
    damaged = await run_task(RunRestoreDrill(), ids=[drill := uuid7()])

    assert (empty.outcome, empty.error_class) == ("dead", "NothingToRestore")
    assert (refused.outcome, refused.error_class) == ("dead", "NotSetUp")
    assert (shown["state"], shown["error"]) == ("failed", f"{tmp_path / 'backups'} cannot be written: File exists")
    assert (damaged.outcome, damaged.error_class) == ("retry", "BackupDamaged")
    tried = (await reader.get(f"/v1/restore-drills/{drill}")).json()
    assert (tried["state"], tried["took_s"]) == ("failed", None)
    assert "bytes, and its manifest says" in tried["error"]
    assert (await reader.get("/v1/backups/standing")).json()["recovery_time_s"] is None


@pytest.mark.parametrize(
    ("path", "message", "field", "action"),
    [
        ("/v1/backups", BackupCriticalData, "backup_id", "backup.run"),
        ("/v1/restore-drills", RunRestoreDrill, "drill_id", "restore_drill.run"),
    ],
)
async def test_administrator_asks_for_one_now_once_and_it_is_audited(
    fresh: FreshDatabase, client: ApiClient, path: str, message: Any, field: str, action: str
) -> None:
    admin, key = client.as_role("admin"), {"Idempotency-Key": str(uuid7())}
    first, again = [await admin.post(path, json=WHY, headers=key) for _ in range(2)]
    bound = await client.as_role("admin", organization_id=UUID(int=7)).post(path, json=WHY, headers=key)
    viewer = await client.as_role("viewer").post(path, json=WHY, headers=key)
    unknown = await admin.get(f"{path}/{UUID(int=7)}")
    lines = (await admin.get("/v1/operations/audit", params={"action": action})).json()["items"]

    assert (first.status_code, first.json()["state"], again.json()) == (202, "asked", first.json())
    assert (await admin.get(first.headers["Location"])).json()["id"] == first.json()["id"]
    assert [str(getattr(one, field)) for one in await published(fresh.open("analytics"), message)] == [first.json()["id"]]
    assert [(line["target"], line["reason"]) for line in lines] == [(first.json()["id"], WHY["reason"])]
    assert [one.status_code for one in (bound, viewer, unknown)] == [403, 403, 404]
    assert (await admin.post(path, json={}, headers=key)).status_code == 422


async def test_worker_that_is_told_nothing_of_backups_says_what_to_set(
    run_task: TaskRunner, worker_runtime: ProcessRuntime
) -> None:
    bare = {"backup_dir": None, "restore_drill_url": None}
    worker_runtime.settings = worker_runtime.settings.model_copy(update=bare)

    dumped, drilled = await run_task(BackupCriticalData()), await run_task(RunRestoreDrill())

    assert (dumped.outcome, drilled.outcome) == ("dead", "dead")
    assert str(dumped.error).startswith("set BACKUP_DIR to a folder that the analytics worker may write")
    assert drilled.error == "set RESTORE_DRILL_URL for the worker of analytics.backup"
