"""The database fixtures keep what they promise."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.lanes import SERVICES
from shared.runtime import migrate
from shared.runtime.db import Database, Session
from shared.testing.database import FreshDatabase, JoinedDatabase

PAUSE = text("INSERT INTO lane_pauses (lane, reason, paused_by) VALUES (:lane, 'test', 'test')")
COUNT = text("SELECT count(*) FROM lane_pauses")


@pytest.fixture
def service() -> str:
    return "alerts"


@pytest.fixture(params=["first run", "second run"])
def repeated(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.mark.usefixtures("repeated")
async def test_what_one_test_writes_the_next_does_not_see(session: Session, joined_database: JoinedDatabase) -> None:
    before = await session.scalar(COUNT)

    async with joined_database.unit_of_work() as unit:
        await unit.execute(PAUSE, {"lane": "alerts.default"})

    assert (before, await session.scalar(COUNT)) == (0, 1)


async def test_unit_of_work_that_fails_takes_back_only_its_own_writes(session: Session, joined_database: JoinedDatabase) -> None:
    await session.execute(PAUSE, {"lane": "alerts.default"})

    async def fail() -> None:
        async with joined_database.unit_of_work() as unit:
            await unit.execute(PAUSE, {"lane": "alerts.evaluation"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert (await session.scalars(text("SELECT lane FROM lane_pauses"))).all() == ["alerts.default"]


async def test_reading_refuses_to_write_and_leaves_the_test_writable(session: Session, joined_database: JoinedDatabase) -> None:
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with joined_database.read() as reader:
            await reader.execute(PAUSE, {"lane": "alerts.default"})
    async with joined_database.read() as reader:
        assert await reader.scalar(COUNT) == 0

    await session.execute(PAUSE, {"lane": "alerts.default"})

    assert await session.scalar(COUNT) == 1


async def test_unit_of_work_inside_another_one_is_refused(joined_database: JoinedDatabase) -> None:
    async with joined_database.unit_of_work() as unit:
        with pytest.raises(RuntimeError, match="use the fixture `database`"):
            async with joined_database.unit_of_work():
                pytest.fail("two units of work shared one savepoint")

        assert await unit.scalar(COUNT) == 0


async def test_concurrent_units_of_work_take_turns(session: Session, joined_database: JoinedDatabase) -> None:
    async def pause(lane: str) -> None:
        async with joined_database.unit_of_work() as unit:
            await unit.execute(PAUSE, {"lane": lane})

    await asyncio.gather(*(pause(f"lane {number}") for number in range(5)))

    assert await session.scalar(COUNT) == 5


@pytest.mark.usefixtures("repeated")
async def test_commit_is_seen_by_others_and_gone_with_the_test(database: Database, owner: asyncpg.Connection) -> None:
    assert await owner.fetchval("SELECT count(*) FROM lane_pauses") == 0

    async with database.unit_of_work() as unit:
        await unit.execute(PAUSE, {"lane": "alerts.default"})

    assert await owner.fetchval("SELECT count(*) FROM lane_pauses") == 1


async def test_application_role_sees_its_own_schema_only(fresh: FreshDatabase, database: Database) -> None:
    async with fresh.open("trips").read() as trips:
        assert await trips.scalar(text("SELECT count(*) FROM trips.outbox")) == 0

    with pytest.raises(DBAPIError, match="permission denied for schema trips"):
        async with database.read() as alerts:
            await alerts.scalar(text("SELECT count(*) FROM trips.outbox"))


async def test_every_service_is_at_its_newest_migration(fresh: FreshDatabase) -> None:
    for name in SERVICES:
        assert await migrate.current(name, fresh.owner_url(name)) == migrate.head(name)
