"""analytics.sync_external_data over a socket: what is handed on, once, and where the next run goes on."""

import asyncio
import json
from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.analytics.relay import MEASURES
from services.analytics.settings import AnalyticsSettings
from services.analytics.sync_runs.pulling import ASKED_WHOLE
from services.analytics.tests.sync_runs.conftest import OURS, TOLD, Carrier, row
from shared.contracts.alerts import ShipmentNews, UpsertShipments
from shared.contracts.analytics import SyncExternalData
from shared.runtime.db import Database
from shared.runtime.ids import uuid7
from shared.runtime.metrics import REGISTRY
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner, published

pytestmark = pytest.mark.commits

CARRIER = SyncExternalData(source="carrier")
COUNTS = """
    SELECT state, pages, read, published, unchanged, repeated, quarantined, has_more FROM sync_runs WHERE id = $1
"""


async def run_of(owner: asyncpg.Connection, key: UUID) -> tuple[Any, ...]:
    """What a run came to."""
    return tuple(await owner.fetchrow(COUNTS, key))


async def handed_on(database: Database) -> list[str]:
    """The references of the shipments that were told of, in order."""
    return [one.reference for message in await published(database, UpsertShipments) for one in message.shipments]


async def cursor(owner: asyncpg.Connection) -> str | None:
    """Where the source is read on."""
    found: str | None = await owner.fetchval("SELECT cursor FROM sync_sources")
    return found


async def test_run_that_is_delivered_twice_hands_every_row_on_once_page_by_page(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    await carrier.have(*(row(f"MAEU{number}") for number in range(5)), page_rows=2)
    key = uuid7()

    handled = [await run_task(CARRIER, ids=[key]) for _ in range(2)]

    assert [(one.outcome, one.carried_out) for one in handled] == [("done", True), ("done", False)]
    assert await run_of(owner, key) == ("done", 3, 5, 5, 0, 0, 0, False)
    assert await handed_on(database) == [f"MAEU{number}" for number in range(5)]
    assert [call["cursor"] for call in await carrier.calls()] == [None, "c2", "c4"]
    first = (await published(database, UpsertShipments))[0]
    assert (first.organization_id, first.source, first.recipients) == (OURS, "carrier", ("customs@example.com",))
    assert first.shipments[0] == ShipmentNews(
        reference="MAEU0",
        told_at=TOLD,
        current_eta=date(2026, 3, 20),
        status="in_transit",
        customer="Nordlicht Handels GmbH",
        carrier="Maersk",
        origin="CNSHA",
        destination="DEHAM",
        mode="sea",
    )


async def test_next_run_asks_for_what_is_new_and_is_told_that_nothing_is(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    await carrier.have(row("A1"), row("B2"))
    keys = [uuid7() for _ in range(4)]
    for key in keys[:3]:
        await run_task(CARRIER, ids=[key])
    await carrier.change(row("B2", eta="2026-03-24T08:00:00Z", updated_at="2026-03-01T09:00:00Z"))
    await run_task(CARRIER, ids=[keys[3]])

    assert [await run_of(owner, key) for key in keys] == [
        ("done", 1, 2, 2, 0, 0, 0, False),
        ("done", 1, 0, 0, 0, 0, 0, False),
        ("done", 1, 0, 0, 0, 0, 0, False),
        ("done", 1, 1, 1, 0, 0, 0, False),
    ]
    calls = await carrier.calls()
    assert [(call["cursor"], call["status"]) for call in calls] == [(None, 200), ("c2", 200), ("c2", 304), ("c2", 200)]
    assert calls[2]["etag"] == calls[3]["etag"] is not None
    assert (await handed_on(database), await cursor(owner)) == (["A1", "B2", "B2"], "c3")


async def test_source_whose_etag_stays_while_its_rows_change_is_read_after_sixteen_pages_at_the_latest(
    carrier: Carrier, run_task: TaskRunner, database: Database
) -> None:
    await carrier.have(row("A1"))
    for _ in range(2):
        await run_task(CARRIER)
    await carrier.faults({"action": "etag_stays"})
    await carrier.change(row("B2"))
    for _ in range(ASKED_WHOLE - 1):
        await run_task(CARRIER)

    assert await handed_on(database) == ["A1", "B2"]
    assert Counter(call["status"] for call in await carrier.calls()) == {304: ASKED_WHOLE - 2, 200: 3}


async def test_rows_that_are_the_same_or_older_again_are_not_handed_on(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    await carrier.have(row("A1"), row("B2"))
    await run_task(CARRIER)
    await carrier.change(row("A1"), row("B2", updated_at="2026-02-28T09:00:00Z", status="ARRIVED"), row("C3"))
    await run_task(CARRIER, ids=[key := uuid7()])

    assert await run_of(owner, key) == ("done", 1, 3, 1, 2, 0, 0, False)
    assert await handed_on(database) == ["A1", "B2", "C3"]


async def test_bad_rows_are_put_aside_with_their_reasons_and_the_others_go_on(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection, settings: AnalyticsSettings
) -> None:
    assert settings.carrier_customer is None
    rows: list[Any] = [
        row("A1", updated_at="2026-03-01T05:00:00Z"),
        "not a row",
        row("B2", eta="soon"),
        row("C3", eta=1_772_000_000),
        row("D4", eta="2036-03-20T14:00:00Z"),
        row("E5", eta="1990-03-20T14:00:00Z"),
        row("F6", updated_at="2026-03-09T06:00:00Z"),
        row("G7", status="LOST_AT_SEA", nothing=[1]),
        row("H\x00\ud8008", carrier="x" * 101),
        row("I9", consignee=None),
        row("A1", status="ARRIVED"),
    ]
    await carrier.http.put("/carrier/rows", content=_ascii({"rows": rows}), headers={"Content-Type": "application/json"})

    await run_task(CARRIER, ids=[key := uuid7()])

    assert await run_of(owner, key) == ("done", 1, 11, 1, 0, 1, 9, False)
    told = await owner.fetch("SELECT key, reason FROM sync_quarantined_rows WHERE run_id = $1 ORDER BY id", key)
    reasons = {one["key"]: one["reason"] for one in told}
    assert reasons == {
        None: "the row is no object",
        "B2": "eta: is no moment like 2026-11-20T06:12:00Z",
        "C3": "eta: is no moment like 2026-11-20T06:12:00Z",
        "D4": "eta lies more than 400 days away",
        "E5": "eta lies more than 400 days away",
        "F6": "updated_at lies in the future",
        "G7": "status: is none that we know",
        "H\\x00\\ud8008": reasons["H\\x00\\ud8008"],
        "I9": "consignee: is missing, and CARRIER_CUSTOMER names nobody in its place",
    }
    assert reasons["H\\x00\\ud8008"].startswith("reference: Input should be a valid string")
    [(message)] = await published(database, UpsertShipments)
    assert [(one.reference, one.status) for one in message.shipments] == [("A1", "arrived")]
    assert await owner.fetchval("SELECT unmapped->'status' FROM sync_runs") == '{"LOST_AT_SEA": 1}'


LIES = [
    ("html", "the answer is of the type text/html, and not JSON"),
    ("not_json", "the answer is no JSON object"),
    ("array", "the answer is no JSON object"),
    ("huge", "the answer has more than 8000000 bytes"),
    ("stall", "did not answer in time"),
    ("drop_connection", "disconnected without sending a response"),
    (503, "answers 503"),
]


@pytest.mark.parametrize(("action", "said"), LIES)
async def test_api_that_lies_stalls_or_is_away_moves_nothing_and_is_tried_again(
    action: Any, said: str, carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    await carrier.have(row("A1"), row("B2"), page_rows=1)
    await carrier.faults({"action": action, "match": "c1"})
    key = uuid7()

    first = await run_task(CARRIER, ids=[key])
    state, error = await owner.fetchrow("SELECT state, error FROM sync_runs WHERE id = $1", key)

    assert (first.outcome, state, await cursor(owner)) == ("retry", "running", "c1")
    assert said in error
    assert await handed_on(database) == ["A1"]
    await carrier.faults()
    await owner.execute("UPDATE inbox SET due_at = now() WHERE id = $1", key)
    assert (await run_task(CARRIER, ids=[key])).outcome == "done"
    assert await run_of(owner, key) == ("done", 2, 2, 2, 0, 0, 0, False)
    assert await handed_on(database) == ["A1", "B2"]


@pytest.mark.parametrize(
    ("rule", "said", "place"),
    [
        ({"action": "same_cursor", "match": "c1"}, "its cursor stays where it is", "c1"),
        ({"action": "circle", "match": "c3"}, "carrier leads in a circle", "c0"),
        ({"action": 403, "match": "c1"}, "carrier refuses our key with 403", "c1"),
        ({"action": 400, "match": "c1"}, "carrier answers 400", "c1"),
    ],
)
async def test_what_no_waiting_heals_fails_the_run_and_is_no_dead_letter(
    rule: dict[str, Any], said: str, place: str, carrier: Carrier, run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    await carrier.have(row("A1"), row("B2"), row("C3"), row("D4"), page_rows=1)
    await carrier.faults(rule)

    handled = await run_task(CARRIER, ids=[key := uuid7()])

    run = await owner.fetchrow(
        "SELECT state, error, failures FROM sync_runs JOIN sync_sources ON name = source WHERE id = $1", key
    )
    assert (handled.outcome, run["state"], run["failures"], await cursor(owner)) == ("done", "failed", 1, place)
    assert said in run["error"]
    assert await owner.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_source_that_wants_to_be_left_alone_is_not_asked_again_before_its_time(
    carrier: Carrier, run_task: TaskRunner, owner: asyncpg.Connection, settings: AnalyticsSettings
) -> None:
    await carrier.have(row("A1"))
    await carrier.faults({"action": "rate_limit", "seconds": 600, "times": 1})

    waiting = await run_task(CARRIER, ids=[key := uuid7()])
    other = await run_task(CARRIER)

    assert (waiting.outcome, other.outcome) == ("retry", "retry")
    assert waiting.error is not None
    assert "wants to be left alone for 600 s" in waiting.error
    assert "left alone for a while" in (other.error or "")
    assert [call["status"] for call in await carrier.calls()] == [429]
    due_in = await owner.fetchval("SELECT extract(epoch FROM due_at - now()) FROM inbox WHERE id = $1", key)
    assert due_in > 600 * settings.time_factor - 5


async def test_source_that_has_forgotten_our_cursor_is_read_from_its_beginning_and_hands_on_what_is_new(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    await carrier.have(row("A1"), row("B2"))
    await run_task(CARRIER)
    await carrier.change(row("C3"))
    await carrier.faults({"action": 410, "times": 1})
    await run_task(CARRIER, ids=[failed := uuid7()])
    await run_task(CARRIER, ids=[anew := uuid7()])

    assert await run_of(owner, failed) == ("failed", 0, 0, 0, 0, 0, 0, False)
    assert await run_of(owner, anew) == ("done", 1, 3, 1, 2, 0, 0, False)
    assert await handed_on(database) == ["A1", "B2", "C3"]


async def test_of_two_runs_at_once_one_reads_each_page_and_nothing_is_handed_on_twice(
    carrier: Carrier, run_task: TaskRunner, database: Database, owner: asyncpg.Connection
) -> None:
    await carrier.have(*(row(f"MAEU{number}") for number in range(6)), page_rows=1)
    await carrier.faults({"action": "delay", "seconds": 0.05})
    keys = [uuid7() for _ in range(2)]

    await asyncio.gather(*(run_task(CARRIER, ids=[key]) for key in keys))

    states = sorted([(await run_of(owner, key))[0] for key in keys])
    assert states == ["done", "overtaken"]
    assert await handed_on(database) == [f"MAEU{number}" for number in range(6)]
    assert await owner.fetchval("SELECT sum(read) FROM sync_runs") == 6


async def test_drift_names_fields_that_came_went_or_changed_and_is_told_once(
    carrier: Carrier, run_task: TaskRunner, owner: asyncpg.Connection
) -> None:
    await carrier.have(row("A1", vessel="Anna", weight_kg=7), row("B2", vessel="Anna", weight_kg=9, remark="x"))
    keys = [uuid7() for _ in range(3)]
    await run_task(CARRIER, ids=[keys[0]])
    await carrier.change(row("A1", weight_kg="7 kg", imo=9_000_001, mode="HYPERLOOP", status="ARRIVED", updated_at=_later()))
    await run_task(CARRIER, ids=[keys[1]])
    await carrier.change(row("B2", weight_kg="9 kg", imo=9_000_001, status="ARRIVED", updated_at=_later()))
    await run_task(CARRIER, ids=[keys[2]])

    found = [await owner.fetchval("SELECT drift::text FROM sync_runs WHERE id = $1", key) for key in keys]
    nothing = '{"changed": {}, "appeared": {}, "unmapped": {}, "vanished": []}'
    assert [found[0], found[2]] == [nothing, nothing]
    assert found[1] == (
        '{"changed": {"weight_kg": {"now": ["string"], "before": ["number"]}}, "appeared": {"imo": ["number"]}, '
        '"unmapped": {"mode": {"HYPERLOOP": 1}}, "vanished": ["vessel"]}'
    )


async def test_run_reads_so_many_pages_at_most_and_the_next_goes_on(
    carrier: Carrier, run_task: TaskRunner, owner: asyncpg.Connection, database: Database, clock: FrozenClock
) -> None:
    await carrier.have(*(row(f"MAEU{number:03}") for number in range(13)), page_rows=1)
    await run_task(CARRIER, ids=[first := uuid7()])
    await run_task(CARRIER, ids=[second := uuid7()])

    assert await run_of(owner, first) == ("done", 10, 10, 10, 0, 0, 0, True)
    assert await run_of(owner, second) == ("done", 3, 3, 3, 0, 0, 0, False)
    for measure in MEASURES:
        await measure(database, clock)
    figures = [REGISTRY.get_sample_value(f"waybill_sync_{name}", {"source": "carrier"}) for name in ("failures", "age_seconds")]
    assert figures == [0.0, 0.0]


async def test_slot_asks_for_each_source_that_is_set_up_once(run_task: TaskRunner, database: Database) -> None:
    slot = SyncExternalData(slot=TOLD)
    key = uuid7()
    await run_task(slot, ids=[key])
    await run_task(slot, ids=[key], redelivered=True)

    assert await published(database, SyncExternalData) == [SyncExternalData(source="carrier", slot=TOLD)]
    assert (await run_task(SyncExternalData(source="pigeon"))).outcome == "dropped"


def _later() -> str:
    return "2026-03-01T08:00:00Z"


def _ascii(body: Any) -> bytes:
    return json.dumps(body).encode()
