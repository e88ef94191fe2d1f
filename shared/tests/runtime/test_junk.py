"""Filing what never reached a task."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from shared.runtime import wire
from shared.runtime.db import Database
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.relay import junk
from shared.testing.messages import TaskRunner
from shared.tests.runtime.arrange import Remind, light, nothing
from shared.tests.runtime.conftest import Ledger

pytestmark = pytest.mark.commits
LANE = "analytics.normal"


def _raw(name: str, *message_ids: UUID, body: str = '{"number":1}') -> str:
    """An envelope as the producing service's relay writes it."""
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    parcels = [wire.Parcel(one, name, LANE, "trips", moment, 1, "order-7", "", body) for one in message_ids]
    [envelope] = wire.envelopes(parcels, {name: 100})
    return envelope.data.decode()


def _entry(raw: Any, reason: Any = "unknown_task", lane: Any = LANE, error: Any = "no handler for 'x'") -> bytes:
    return json.dumps({"lane": lane, "raw": raw, "reason": reason, "error": error}).encode()


async def _file(database: Database, redis: Redis, settings: HttpSettings, *entries: bytes) -> None:
    for entry in entries:
        await redis.lpush("junk:analytics", entry)
    assert await junk.file(database, redis, settings) == len(entries)
    assert await redis.llen("junk:analytics") == 0


async def test_messages_with_an_unknown_name_are_parked_and_confirmed(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger
) -> None:
    ids = [uuid7(), uuid7()]

    await _file(database, redis, settings, _entry(_raw("analytics.remind_somebody", *ids)))

    rows = [await ledger.row(one) for one in ids]
    assert [(row["state"], row["source"], row["correlation_id"], row["body"]) for row in rows if row] == [
        (4, "trips", "order-7", '{"number":1}')
    ] * 2
    assert 55 < (rows[0] or {})["in_s"] <= 60
    assert [orjson.loads(entry) for entry in await redis.lrange("receipts:trips", 0, -1)] == [[str(one) for one in ids]]
    assert await ledger.letters() == []


async def test_a_parked_message_is_carried_out_once_its_name_is_known(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger, run_task: TaskRunner
) -> None:
    message_id = uuid7()
    await _file(database, redis, settings, _entry(_raw("analytics.remind_somebody", message_id)))
    await ledger.connection.execute("UPDATE inbox SET state = 3")

    [handled] = await run_task.run([Remind(number=1)], ids=[message_id], handler=light(nothing))

    assert (handled.outcome, handled.attempt) == ("done", 1)
    assert await ledger.effects() == [1]


async def test_a_name_that_stays_unknown_for_an_hour_is_dead(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger
) -> None:
    message_id, entry = uuid7(), _entry(_raw("analytics.remind_nobody", uuid7()))
    entry = _entry(_raw("analytics.remind_nobody", message_id))
    await _file(database, redis, settings, entry)
    await ledger.connection.execute("UPDATE inbox SET state = 3, received_at = now() - interval '59 min'")
    await _file(database, redis, settings, entry)
    assert await ledger.states(message_id) == [4]
    await ledger.connection.execute("UPDATE inbox SET state = 3, received_at = now() - interval '61 min'")

    await _file(database, redis, settings, entry, entry)

    assert await ledger.states(message_id) == [6]
    [letter] = await ledger.letters()
    assert (letter["message_id"], letter["reason"], letter["body"]) == (message_id, "unknown_task", '{"number":1}')


async def test_all_timers_of_parking_are_scaled(database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger) -> None:
    message_id = uuid7()
    quick = settings.model_copy(update={"time_factor": 0.1})

    await _file(database, redis, quick, _entry(_raw("analytics.remind_nobody", message_id)))

    assert 5 < (await ledger.row(message_id) or {})["in_s"] <= 6


@pytest.mark.parametrize("state", [0, 1, 2, 5, 6, 7])
async def test_a_message_that_is_finished_or_in_hand_is_not_parked_again(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger, state: int
) -> None:
    message_id = uuid7()
    await ledger.connection.execute(
        "INSERT INTO inbox (id, name, lane, state, occurred_at, due_at, lease_token)"
        " VALUES ($1, 'analytics.remind_nobody', $2, $3, now(), now(), gen_random_uuid())",
        *(message_id, LANE, state),
    )

    await _file(database, redis, settings, _entry(_raw("analytics.remind_nobody", message_id)))

    assert await ledger.states(message_id) == [state]


async def test_messages_of_a_delivery_that_could_not_be_carried_out_are_buried_each_for_itself(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger, run_task: TaskRunner
) -> None:
    done, *others = ids = [uuid7(), uuid7(), uuid7()]
    await run_task.run([Remind(number=1)], ids=[done], handler=light(nothing))

    for _ in range(2):
        entry = _entry(_raw("analytics.remind_somebody", *ids), "unprocessable", error="the disk is full")
        await _file(database, redis, settings, entry)

    assert await ledger.states(*ids) == [0, 6, 6]
    letters = [(letter["message_id"], letter["reason"], letter["body"]) for letter in await ledger.letters()]
    assert sorted(letters) == [(one, "unprocessable", '{"number":1}') for one in sorted(others)]


async def test_a_relay_killed_between_commit_and_removal_files_nothing_twice(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger
) -> None:
    message_id = uuid7()
    entries = [_entry(_raw("analytics.remind_nobody", message_id)), _entry("not json", "bad_envelope"), b"no entry"]

    await _file(database, redis, settings, *entries)
    await _file(database, redis, settings, *entries)

    assert await ledger.states(message_id) == [4]
    assert sorted(letter["body"] for letter in await ledger.letters()) == ["no entry", "not json"]


@pytest.mark.parametrize(
    ("entry", "reason", "body"),
    [
        (_entry("not json", "bad_envelope", None), "bad_envelope", "not json"),
        (_entry(_raw("analytics.x_y", UUID(int=1)), "bad_body"), "bad_body", _raw("analytics.x_y", UUID(int=1))[:40]),
        (_entry('{"headers": {}}', "unknown_task"), "unknown_task", '{"headers": {}}'),
        (_entry(5), "bad_envelope", '{"lane": "analytics.normal", "raw": 5'),
        (_entry("a\x00b", "bad_envelope", {"x": 1}, "c\x00\ud800"), "bad_envelope", "a\\u0000b"),
        (b"\xff\x00", "bad_envelope", "\ufffd\\u0000"),
        (b"[1]", "bad_envelope", "[1]"),
        (b"[" * 9000, "bad_envelope", "[[[["),
    ],
)
async def test_everything_else_is_a_dead_letter_at_once_and_kept_whole(
    database: Database, redis: Redis, settings: HttpSettings, ledger: Ledger, *, entry: bytes, reason: str, body: str
) -> None:
    await redis.lpush("junk:analytics", entry)
    await junk.file(database, redis, settings)

    [letter] = await ledger.letters()
    assert (letter["reason"], letter["status"], letter["message_id"]) == (reason, "open", None)
    # An envelope that is written anew has ids of its own at its end.
    assert letter["body"].startswith(body)


_TEXT = st.text(st.characters(exclude_categories=[]), max_size=10)
_JSON = st.recursive(st.none() | st.integers() | _TEXT, lambda one: st.lists(one) | st.dictionaries(_TEXT, one), max_leaves=5)
_RAW = st.fixed_dictionaries(
    {
        "headers": st.fixed_dictionaries({"task": _JSON, "id": _JSON}, optional={"waybill": _JSON}),
        "body": _JSON | _JSON.map(json.dumps),
    }
)


@given(_RAW.map(json.dumps) | _JSON, _JSON | st.just("unknown_task"), _JSON | st.just(LANE), _JSON)
@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_that_a_worker_sets_aside_stops_the_relay(
    database: Database, redis: Redis, settings: HttpSettings, raw: Any, reason: Any, lane: Any, error: Any
) -> None:
    await _file(database, redis, settings, _entry(raw, reason, lane, error))


async def test_a_payload_that_is_no_object_is_parked_and_refused_once_its_name_is_known(
    database: Database,
    redis: Redis,
    settings: HttpSettings,
    ledger: Ledger,
) -> None:
    message_id = uuid4()
    await _file(database, redis, settings, _entry(_raw("analytics.remind_somebody", message_id, body="[1, 2]")))

    row = await ledger.row(message_id)

    assert row is not None
    assert (row["state"], row["body"]) == (4, "[1,2]")
