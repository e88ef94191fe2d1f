"""People, imports and the clock at the same alerts at the same moment."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from services.alerts.alerts.actions import Outcome
from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.life_cycle import Action, Asked
from services.alerts.alerts.models import TimelineEntry
from services.alerts.alerts.repository import TimelineRepository
from services.alerts.deps import alert_actions, wake
from services.alerts.tests.alerts.acting import (
    ADA,
    BEN,
    act,
    add_alerts,
    assert_timeline_tells_all,
    kinds,
    operator,
    raise_alerts,
    revise,
    status_of,
)
from services.alerts.tests.arrange import OURS, evaluate, have, line, rows
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.testing.locks import WAITING
from shared.testing.service import ApiClient
from shared.testing.wait import eventually

pytestmark = pytest.mark.commits
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


async def arrange(database: Database, *references: str) -> list[UUID]:
    async with database.unit_of_work() as session:
        return await raise_alerts(session, *references)


async def take(session: Session, action: Action, ids: Sequence[UUID] | None = None) -> Outcome:
    """An action on alerts of ours, or on all of them, in the session's unit of work."""
    asked = Asked(action, ADA, None, TOMORROW if action == "snooze" else None)
    return await alert_actions(session, lambda: NOW).take_on_all(asked, OURS, ids, AlertFilter() if ids is None else None)


async def told_another_eta(database: Database, *references: str) -> None:
    async with database.unit_of_work() as session:
        await revise(session, *references)


async def while_open(
    opened: AbstractAsyncContextManager[Session], first: Action, second: Awaitable[None], owner: asyncpg.Connection
) -> None:
    """Take the first action, begin the second while the first is not committed, and end both."""
    async with opened as session:
        await take(session, first)
        waiting = asyncio.ensure_future(second)
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits")
    await waiting


async def test_of_two_who_acknowledge_at_once_one_is_told_that_the_other_was_first(client: ApiClient, database: Database) -> None:
    (alert_id,) = await arrange(database)

    answers = await asyncio.gather(*(act(operator(client, who), alert_id, "acknowledge", if_match='"v1"') for who in (ADA, BEN)))

    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (winner,) = [answer.json()["acknowledged_by"] for answer in answers if answer.status_code == 200]
    async with database.read() as reading:
        assert await rows(reading, "SELECT acknowledged_by FROM alerts") == [(winner,)]
        assert await kinds(reading, alert_id) == ["raised", "acknowledged"]


async def test_reopening_cannot_miss_an_eta_that_is_told_meanwhile(database: Database, owner: asyncpg.Connection) -> None:
    alert_ids = await arrange(database, "A", "B")
    async with database.unit_of_work() as session:
        await take(session, "resolve")

    await while_open(database.unit_of_work(), "reopen", told_another_eta(database, "A"), owner)

    async with database.read() as reading:
        assert [await status_of(reading, alert_id) for alert_id in alert_ids] == ["resolved", "open"]
        assert await kinds(reading, alert_ids[0]) == ["raised", "resolved", "reopened", "resolved"]
        await assert_timeline_tells_all(reading)


@pytest.mark.parametrize("action", ["acknowledge", "snooze", "resolve"])
async def test_what_an_import_overtakes_ends_once_whatever_was_done_first(
    database: Database, owner: asyncpg.Connection, action: Action
) -> None:
    alert_ids = await arrange(database, "A", "B", "C")

    await while_open(database.unit_of_work(), action, told_another_eta(database, "A", "B", "C"), owner)

    async with database.read() as reading:
        happened = [await kinds(reading, alert_id) for alert_id in alert_ids]
        once = {"acknowledge": ["raised", "acknowledged", "resolved"], "snooze": ["raised", "snoozed", "resolved"]}
        assert happened == [once.get(action, ["raised", "resolved"])] * 3
        await assert_timeline_tells_all(reading)


async def test_many_at_the_same_alerts_never_wait_in_a_circle(database: Database) -> None:
    async with database.unit_of_work() as session:
        ids = list(await add_alerts(session, 200))

    async def play(action: Action, order: int) -> None:
        async with database.unit_of_work() as session:
            await take(session, action, ids[::order])

    async def append(order: int) -> None:
        async with database.unit_of_work() as session:
            entries = [TimelineEntry(alert_id, "commented", BEN, "so") for alert_id in ids[::order]]
            await TimelineRepository(session).append(entries)

    async def open_all() -> None:
        async with database.unit_of_work() as session:
            await wake(session).run(uuid7(), TOMORROW)

    ups: list[Action] = ["acknowledge", "snooze", "resolve"]
    downs: list[Action] = ["unacknowledge", "wake", "reopen"]
    for _ in range(3):
        await asyncio.gather(*(play(action, 1) for action in ups), append(-1), open_all(), *(play(one, -1) for one in downs))

    async with database.read() as reading:
        await assert_timeline_tells_all(reading)


async def test_alert_that_is_raised_while_its_shipment_is_released_ends_with_it(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with database.unit_of_work() as session:
        await have(session, line())

    async def release() -> None:
        async with database.unit_of_work() as session:
            await have(session, line(status="released"))

    async with database.unit_of_work() as session:
        await evaluate(session, TOMORROW.date())
        waiting = asyncio.ensure_future(release())
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits")
    await waiting

    async with database.read() as reading:
        assert await rows(reading, "SELECT status, resolution FROM alerts") == [("resolved", "released")]
        await assert_timeline_tells_all(reading)


@pytest.mark.parametrize("released", ["A", "B"])
async def test_import_that_ends_an_alert_and_opens_another_locks_them_in_one_order(
    database: Database, owner: asyncpg.Connection, released: str
) -> None:
    first, second = await arrange(database, "A", "B")
    async with database.unit_of_work() as session:
        await have(session, line(reference=released, status="released"))

    async def swap() -> None:
        async with database.unit_of_work() as session:
            status = {"A": "released", "B": "released"} | {released: "in_transit"}
            await have(session, *(line(reference=one, status=status[one]) for one in "AB"))

    async with database.unit_of_work() as session:
        await take(session, "snooze", [first])
        waiting = asyncio.ensure_future(swap())
        await eventually(lambda: owner.fetchval(WAITING), message="nobody waits")
        await take(session, "snooze", [second])
    await waiting

    async with database.read() as reading:
        query = "SELECT reference FROM alerts JOIN shipments ON shipments.id = shipment_id WHERE alerts.status = 'open'"
        assert await rows(reading, query) == [(released,)]
        await assert_timeline_tells_all(reading)


async def test_waking_in_several_workers_wakes_each_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        ids = await add_alerts(session, 300)
        await take(session, "snooze", ids)

    async def run() -> int:
        async with database.unit_of_work() as session:
            return await wake(session).run(uuid7(), TOMORROW)

    woken = await asyncio.gather(*(run() for _ in range(4)))

    assert sum(woken) == 300
    async with database.read() as reading:
        await assert_timeline_tells_all(reading)
