"""PostgreSQL as the local stack makes it."""

import os
import pwd
import subprocess
from collections.abc import Iterator

import asyncpg
import psutil
import pytest

from deploy.local.failures import StackError
from deploy.local.home import Home
from deploy.local.postgres import Cluster
from deploy.postgres.conf import NO_DATA_IN_LOG
from shared.testing.home import temporary_home
from shared.testing.servers import PostgresServer


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster in a folder that root has closed to others, as a checkout under /root is."""
    with temporary_home() as path:
        cluster = Cluster(Home(path / "waybill"))
        cluster.home.prepare()
        cluster.prepare(15432, "password")
        yield cluster
        cluster.remove()


def test_a_new_cluster_runs_as_somebody_who_is_not_root(cluster: Cluster) -> None:
    owner = (cluster.data / "PG_VERSION").stat().st_uid
    assert owner == (cluster.account.pw_uid if cluster.account else os.geteuid())
    assert owner != 0
    assert "port = '15432'" in (cluster.data / "postgresql.conf").read_text()


async def test_its_log_shows_an_error_without_the_row_and_the_parameters(cluster: Cluster) -> None:
    configured = (cluster.data / "postgresql.conf").read_text().splitlines()
    with temporary_home() as home:
        server = PostgresServer(home, options={**NO_DATA_IN_LOG, "log_min_duration_statement": "0"})
        server.start()
        try:
            connection = await asyncpg.connect(server.url())
            await connection.execute("CREATE TABLE people (email text, name text NOT NULL)")
            with pytest.raises(asyncpg.NotNullViolationError):
                await connection.execute("INSERT INTO people VALUES ($1, $2)", "asha@person.example", None)
            await connection.close()
        finally:
            server.stop()
        log = (home / "postgres.log").read_text()

    assert {f"{name} = '{value}'" for name, value in NO_DATA_IN_LOG.items()} <= set(configured)
    assert "violates not-null constraint" in log
    assert "asha" not in log


def run_as(account: pwd.struct_passwd | None, *command: str) -> str:
    """What the command says when the cluster's account runs it."""
    uid, gid = (account.pw_uid, account.pw_gid) if account else (os.getuid(), os.getgid())
    groups: list[int] | None = [] if account else None
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", user=uid, group=gid, extra_groups=groups)
    return done.stdout


def test_its_programs_can_be_run_by_that_account(cluster: Cluster) -> None:
    assert run_as(cluster.account, cluster.command()[0], "--version").startswith("postgres (PostgreSQL) 18")


def test_programs_that_the_account_cannot_reach_are_copied_with_their_libraries(cluster: Cluster) -> None:
    package = cluster.programs.parents[1]
    copied = cluster._copied(package)
    # initdb needs a library that the wheel keeps beside the package.
    assert run_as(cluster.account, str(copied / package.name / "pginstall/bin/initdb"), "--version").startswith(
        "initdb (PostgreSQL) 18"
    )
    assert cluster._copied(package) == copied
    assert [left.name for left in cluster.place.glob("programs-*")] == [copied.name]


def test_data_of_another_version_is_left_alone(cluster: Cluster) -> None:
    version = cluster.data / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(StackError, match="was written by PostgreSQL 17; this is PostgreSQL 18"):
            cluster.prepare(15433, "password")
        assert "port = '15432'" in (cluster.data / "postgresql.conf").read_text()
    finally:
        version.write_text("18\n")


@pytest.mark.parametrize("pid", [1, 2**22 - 1])
def test_the_lock_of_a_killed_server_does_not_hold_up_a_start(cluster: Cluster, pid: int) -> None:
    lock = cluster.data / "postmaster.pid"
    lock.write_text(f"{pid}\n{cluster.data}\n")
    cluster.prepare(15432, "password")
    # Of a process that is gone PostgreSQL itself knows; of one that is another program it does not.
    assert lock.exists() != psutil.pid_exists(pid)
    lock.unlink(missing_ok=True)


def test_a_half_made_folder_is_made_anew() -> None:
    with temporary_home() as path:
        cluster = Cluster(Home(path))
        (cluster.place / "data.new").mkdir(parents=True)
        (cluster.place / "data.new" / "PG_VERSION").write_text("18\n")
        cluster.prepare(15432, "password")
        assert (cluster.data / "pg_hba.conf").exists()
        cluster.remove()
