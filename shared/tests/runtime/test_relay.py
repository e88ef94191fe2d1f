"""The relay's loops on a broker that forgets, and on consumers that stay silent."""

import asyncpg
import orjson
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from shared.runtime.db import Database
from shared.runtime.http.settings import HttpSettings
from shared.runtime.outbox import publish
from shared.testing.database import FreshDatabase
from shared.testing.proxy import FaultProxy
from shared.testing.wait import eventually
from shared.tests.runtime.conftest import Ledger
from shared.tests.runtime.contracts import Letter, Parcel
from shared.tests.runtime.relaying import running_relay

pytestmark = pytest.mark.commits
CRITICAL = "analytics.critical"


@pytest.fixture
def service() -> str:
    return "trips"


@pytest.fixture
def settings(settings: HttpSettings) -> HttpSettings:
    return settings.model_copy(update={"time_factor": 0.05})


async def _sent(connection: asyncpg.Connection, number: int, epoch: str, *, state: int = 1, confirm_in_s: float = 3600) -> None:
    await connection.execute(
        "INSERT INTO outbox (id, lane, name, body, correlation_id, traceparent, state, sends, epoch, confirm_by) VALUES"
        " (gen_random_uuid(), 'analytics.critical', 'analytics.take_parcel', json_build_object('number', $1::int), '', '', $2, 1,"
        " $3, now() + make_interval(secs => $4))",
        *(number, state, epoch, confirm_in_s),
    )


async def _sends(connection: asyncpg.Connection) -> dict[int, tuple[int, bool]]:
    rows = await connection.fetch("SELECT (body->>'number')::int AS number, sends, isolate FROM outbox ORDER BY 1")
    return {row["number"]: (row["sends"], row["isolate"]) for row in rows}


async def _epoch(redis: Redis) -> str:
    await redis.set("epoch", "now")
    return f"now:{(await redis.info('server'))['run_id']}"


async def test_a_relay_that_starts_sends_again_exactly_what_an_older_broker_had(
    settings: HttpSettings, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    epoch = await _epoch(redis)
    await _sent(trips_owner, 1, "older")
    await _sent(trips_owner, 2, epoch)
    await _sent(trips_owner, 3, "older", state=2)

    async with running_relay(settings):
        await eventually(lambda: _is_sent(trips_owner, 1), 5)
        await _until_quiet(trips_owner)

    assert await _sends(trips_owner) == {1: (2, False), 2: (1, False), 3: (1, False)}


async def _is_sent(connection: asyncpg.Connection, number: int) -> bool:
    return (await _sends(connection))[number][0] == 2


async def _until_quiet(connection: asyncpg.Connection) -> None:
    async def quiet() -> bool:
        waiting: int = await connection.fetchval("SELECT count(*) FROM outbox WHERE state = 0")
        return waiting == 0

    await eventually(quiet, 5, "rows still wait")


async def test_a_broker_that_was_wiped_gets_everything_again_at_once(
    settings: HttpSettings, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    async with running_relay(settings):
        async with trips.unit_of_work() as session:
            for number in range(3):
                publish(session, Parcel(number=number))
        await eventually(lambda: redis.llen(CRITICAL), 5)
        await redis.flushall()

        await eventually(lambda: redis.llen(CRITICAL), 5, "nothing came back after the wipe")
        await _until_quiet(trips_owner)

    assert await _sends(trips_owner) == dict.fromkeys(range(3), (2, False))


async def test_the_rows_of_a_wiped_broker_are_found_even_if_the_database_was_away_at_first(
    settings: HttpSettings, fresh: FreshDatabase, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await _sent(trips_owner, 1, "older")
    async with FaultProxy(fresh.address.port) as proxy:
        url = fresh.url("trips").replace(f":{fresh.address.port}/", f":{proxy.port}/")
        await proxy.refuse()
        async with running_relay(settings.model_copy(update={"database_url": SecretStr(url)})):
            await eventually(lambda: redis.exists("epoch"), 5)
            await eventually(lambda: redis.pubsub_numsub("hint:trips"), 5)
            await proxy.accept()

            await eventually(lambda: _is_sent(trips_owner, 1), 5, "the older row was forgotten")


async def test_what_nobody_confirms_in_time_goes_out_alone(
    settings: HttpSettings, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    epoch = await _epoch(redis)
    await _sent(trips_owner, 1, epoch, confirm_in_s=-1)
    await _sent(trips_owner, 2, epoch)

    async with running_relay(settings):
        await eventually(lambda: _is_sent(trips_owner, 1), 5)

    assert await _sends(trips_owner) == {1: (2, True), 2: (1, False)}
    assert await redis.llen(CRITICAL) == 1


async def test_a_paused_lane_waits_until_it_is_resumed(
    settings: HttpSettings, trips: Database, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await trips_owner.execute("INSERT INTO lane_pauses (lane, reason, paused_by) VALUES ('analytics.critical', 'test', 'me')")
    async with running_relay(settings) as relay:
        await eventually(lambda: relay.sender.paused, 5)
        async with trips.unit_of_work() as session:
            publish(session, Parcel(number=1))
            publish(session, Letter(number=2))
        await eventually(lambda: redis.llen("analytics.batch"), 5)
        assert await redis.llen(CRITICAL) == 0

        await trips_owner.execute("DELETE FROM lane_pauses")
        await eventually(lambda: redis.llen(CRITICAL), 5, "the lane was not resumed")


async def test_limits_and_sizes_of_the_tables_hold_and_a_broker_that_lost_its_data_is_told_anew(
    settings: HttpSettings, trips_owner: asyncpg.Connection, redis: Redis
) -> None:
    await trips_owner.execute("INSERT INTO lane_limits (lane, per_s, reason, set_by) VALUES ('analytics.critical', 5, 'x', 'me')")
    await trips_owner.execute("INSERT INTO lane_pools (lane, size, reason, set_by) VALUES ('trips.normal', 3, 'x', 'me')")

    async def told(pools: bytes) -> bool:
        return bool(await redis.get("cache:trips:pools") == pools)

    async with running_relay(settings) as relay:
        await eventually(lambda: relay.sender.allowances.of(CRITICAL) is not None, 5)
        await eventually(lambda: told(b'{"trips.normal":3}'), 5)
        await redis.flushdb()
        await eventually(lambda: told(b'{"trips.normal":3}'), 5)
        await trips_owner.execute("DELETE FROM lane_limits")
        await trips_owner.execute("DELETE FROM lane_pools")
        await eventually(lambda: relay.sender.allowances.of(CRITICAL) is None, 5)
        await eventually(lambda: told(b"{}"), 5)


async def test_a_broker_that_resets_its_connections_is_waited_for(
    settings: HttpSettings, trips: Database, trips_owner: asyncpg.Connection, redis: Redis, broker_url: str
) -> None:
    port = int(broker_url.rpartition(":")[2].partition("/")[0])
    async with FaultProxy(port) as proxy:
        url = SecretStr(broker_url.replace(f":{port}/", f":{proxy.port}/"))
        async with running_relay(settings.model_copy(update={"redis_url": url})):
            await eventually(lambda: proxy.open_connections, 5)
            await proxy.refuse()
            proxy.reset()
            async with trips.unit_of_work() as session:
                publish(session, Parcel(number=1))
            await proxy.accept()

            await eventually(lambda: redis.llen(CRITICAL), 10, "the relay did not come back")
    assert (await _sends(trips_owner))[1][1] is False


class TestConsumersRelay:
    """The same for the inbox."""

    @pytest.fixture
    def service(self) -> str:
        return "analytics"

    async def test_queued_messages_of_an_older_broker_go_out_again(
        self, settings: HttpSettings, ledger: Ledger, redis: Redis
    ) -> None:
        epoch = await _epoch(redis)
        for number, was in ((1, "older"), (2, epoch)):
            await ledger.connection.execute(
                "INSERT INTO inbox (id, name, lane, state, body, occurred_at, due_at, epoch) VALUES (gen_random_uuid(),"
                " 'analytics.take_parcel', $1, 3, json_build_object('number', $2::int), now(), now() + interval '1 h', $3)",
                *(CRITICAL, number, was),
            )

        async with running_relay(settings):
            await eventually(lambda: redis.llen(CRITICAL), 5)

        assert await ledger.connection.fetchval("SELECT count(*) FROM inbox WHERE epoch = $1", epoch) == 2
        [entry] = await redis.lrange(CRITICAL, 0, -1)
        _, kwargs, _ = orjson.loads(orjson.loads(entry)["body"])
        assert kwargs == {"number": 1}
