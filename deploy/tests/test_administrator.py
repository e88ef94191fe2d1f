"""The administrator's own password of the compose stack is changed as every other one is."""

import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.compose.bootstrap import former_passwords
from deploy.compose.prepare import FORMER_KEPT, Preparation, Wishes
from deploy.local.home import Home
from deploy.postgres.administrator import change_password
from shared.testing.plugin import running_postgres
from shared.testing.servers import PostgresServer


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, which asks everybody for a password."""
    with running_postgres() as server:
        yield server


def url(server: PostgresServer, password: str) -> str:
    return server.url("waybill").replace(server.address.password, password)


async def test_a_login_by_a_former_password_sets_the_one_that_is_wanted(server: PostgresServer) -> None:
    first = server.address.password

    assert await change_password(url(server, "third"), ["second", first]) == ["set password of postgres"]
    assert await change_password(url(server, "third"), ["second", first]) == []
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url())
    assert await change_password(server.url(), ["third"]) == ["set password of postgres"]


async def test_nothing_is_changed_where_nobody_knows_the_password(server: PostgresServer) -> None:
    assert await change_password(url(server, "third"), ["second"]) == []
    await (await asyncpg.connect(server.url())).close()


def test_whoever_changes_it_is_told_what_it_was(tmp_path: Path) -> None:
    kept, readers = Home(tmp_path / "kept"), tmp_path / "readers"
    readers.mkdir()

    def start() -> str:
        Preparation(kept, readers, Wishes.of({})).deal()
        secrets = json.loads((kept.path / "secrets.json").read_text())
        now = str(secrets.pop("postgres.postgres"))
        (kept.path / "secrets.json").write_text(json.dumps(secrets))
        return now

    had = [start() for _ in range(FORMER_KEPT + 2)]

    assert former_passwords(readers / "administrator") == had[-2:0:-1]
    assert (readers / "administrator" / "former.json").stat().st_mode & 0o077 == 0


def test_a_password_that_stays_is_no_former_one(tmp_path: Path) -> None:
    readers = tmp_path / "readers"
    readers.mkdir()
    for _ in range(2):
        Preparation(Home(tmp_path / "kept"), readers, Wishes.of({})).deal()

    assert former_passwords(readers / "administrator") == []
