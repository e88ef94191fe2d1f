"""Whatever is done to alerts in whatever order: the timeline tells it all, and nobody rewrites it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.life_cycle import RULES, Action, Asked
from services.alerts.alerts.models import TimelineEntry
from services.alerts.alerts.repository import TimelineRepository
from services.alerts.deps import alert_actions, wake
from services.alerts.tests.alerts.acting import ADA, BEN, assert_timeline_tells_all, raise_alerts
from services.alerts.tests.arrange import ETA, evaluate, have, line, rows
from shared.runtime.db import Database, Session, constraint_of
from shared.runtime.ids import uuid7

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ACTIONS: list[Action] = ["acknowledge", "unacknowledge", "snooze", "wake", "resolve", "reopen"]
days = st.integers(min_value=0, max_value=10)
people = st.sampled_from([ADA, BEN])
statuses = st.sampled_from(["in_transit", "customs_hold", "released"])
# What people do is what most stories are about, so each action has as much weight as any other happening.
happenings = st.lists(
    st.one_of(
        *(st.tuples(st.just(action), people, days) for action in ACTIONS),
        st.tuples(st.just("comment"), people, days),
        st.tuples(st.just("time"), st.just(""), days),
        st.tuples(st.just("eta"), st.just(""), days),
        st.tuples(st.just("status"), statuses, days),
        st.tuples(st.just("evaluate"), st.just(""), days),
    ),
    min_size=3,
    max_size=15,
)


class Story:
    """One shipment, its alerts, and what happens to them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._organization_id = uuid7()
        self._eta, self._status = ETA, "in_transit"

    async def begin(self) -> None:
        await self._import()
        await evaluate(self._session, ETA + timedelta(days=1))

    async def go_on(self, what: str, who: str, day: int) -> None:
        match what:
            case "comment":
                await self._comment(who)
            case "time":
                await wake(self._session).run(uuid7(), NOW + timedelta(days=day))
            case "eta":
                self._eta = ETA + timedelta(days=day - 5)
                await self._import()
            case "status":
                self._status = who
                await self._import()
            case "evaluate":
                await evaluate(self._session, ETA + timedelta(days=day))
            case _:
                await self._act(next(action for action in ACTIONS if action == what), who, day)

    async def _import(self) -> None:
        row = line(current_eta=self._eta.isoformat(), status=self._status)
        await have(self._session, row, organization_id=self._organization_id)

    async def _act(self, action: Action, who: str, day: int) -> None:
        asked = Asked(action, who, None, NOW + timedelta(days=day + 1) if action == "snooze" else None)
        actions = alert_actions(self._session, lambda: NOW)
        await actions.take_on_all(asked, self._organization_id, None, AlertFilter())

    async def _comment(self, who: str) -> None:
        query = "SELECT id, 'commented', :who, 'so' FROM alerts WHERE organization_id = :organization_id"
        found = await rows(self._session, query, who=who, organization_id=self._organization_id)
        await TimelineRepository(self._session).append([TimelineEntry(*row) for row in found for _ in range(2)])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=happenings)
async def test_timeline_replays_to_the_status_without_a_gap(session: Session, story: list[tuple[str, str, int]]) -> None:
    alerts = Story(session)
    await alerts.begin()

    for what, who, day in story:
        await alerts.go_on(what, who, day)

    await assert_timeline_tells_all(session)
    query = """SELECT count(*) FROM alerts JOIN shipments ON shipments.id = shipment_id
                WHERE alerts.status <> 'resolved' AND (NOT watched OR alerts.eta_revision < shipments.eta_revision)"""
    assert await rows(session, query) == [(0,)]


# The application's role may not even ask for the last; for whoever may, there is a trigger.
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE alert_timeline SET actor = 'user:nobody'", "23001"),
        ("UPDATE alert_timeline SET number = number + 1", "23001"),
        ("DELETE FROM alert_timeline", "23001"),
        ("TRUNCATE alert_timeline", "42501"),
    ],
)
async def test_timeline_is_not_rewritten(session: Session, statement: str, code: str) -> None:
    (alert_id,) = await raise_alerts(session)

    with pytest.raises(DBAPIError) as refusal:
        async with session.begin_nested():
            await session.execute(text(statement))

    assert getattr(refusal.value.orig, "sqlstate", None) == code
    query = "SELECT number, kind, actor FROM alert_timeline WHERE alert_id = :id"
    assert await rows(session, query, id=alert_id) == [(1, "raised", "system:evaluation")]


@pytest.mark.commits
async def test_timeline_is_not_emptied_by_its_owner(database: Database, owner: asyncpg.Connection) -> None:
    async with database.unit_of_work() as session:
        await raise_alerts(session)

    for statement in ("TRUNCATE alert_timeline", "DELETE FROM alert_timeline"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(statement)

    assert await owner.fetchval("SELECT count(*) FROM alert_timeline") == 1


async def test_database_refuses_a_change_of_status_that_is_not_legal(session: Session) -> None:
    await raise_alerts(session)
    await session.execute(text("UPDATE alerts SET status = 'resolved', resolved_at = now(), resolution = 'manual'"))

    with pytest.raises(DBAPIError) as refusal:
        async with session.begin_nested():
            await session.execute(text("UPDATE alerts SET status = 'acknowledged', resolved_at = NULL, resolution = NULL"))

    assert constraint_of(refusal.value) == "alerts_status_transition"


async def test_database_and_rules_agree_on_what_may_follow_what(session: Session) -> None:
    legal = await rows(session, "SELECT from_status, to_status FROM alert_status_transitions")

    ruled = {(begin, rule.leads_to) for rule in RULES.values() for begin in rule.begins_at}

    assert set(legal) == {(begin, end) for begin, end in ruled if begin != end}


async def test_entries_take_the_next_numbers_in_the_order_in_which_they_are_given(session: Session) -> None:
    first, second = await raise_alerts(session, "A", "B")
    message_id = uuid7()
    entries = [
        TimelineEntry(first, "email_requested", "system:emails", None, message_id),
        TimelineEntry(second, "commented", ADA, "one"),
        TimelineEntry(UUID(int=7), "commented", ADA, "of no alert"),
        TimelineEntry(first, "email_sent", "system:emails"),
    ]

    await TimelineRepository(session).append(entries)

    query = "SELECT number, kind, actor, reason, message_id FROM alert_timeline WHERE number > 1 ORDER BY alert_id, number"
    assert await rows(session, query) == [
        (2, "email_requested", "system:emails", None, message_id),
        (3, "email_sent", "system:emails", None, None),
        (2, "commented", ADA, "one", None),
    ]
    assert await rows(session, "SELECT version FROM alerts ORDER BY id") == [(3,), (2,)]
    assert await rows(session, "SELECT DISTINCT raised_on FROM alerts") == [(date(2026, 3, 3),)]
