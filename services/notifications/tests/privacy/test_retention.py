"""`notifications.remove_expired_data`: what its time has ended for is deleted, in slices, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.notifications.privacy.retention import Removal, Retention
from services.notifications.tests.campaigns.arrange import ASHA, changes_of, know_customers, publish_offer, running
from shared.contracts.notifications import RemoveExpiredData
from shared.runtime.db import Database, Session
from shared.runtime.ids import uuid7
from shared.runtime.outcomes import Done, Retry
from shared.testing.clock import FrozenClock
from shared.testing.messages import TaskRunner

NOW: Final = datetime(2026, 11, 21, 20, 40, tzinfo=UTC)
DAY: Final = timedelta(days=1)
_DELIVERY: Final = text("""
    INSERT INTO deliveries (id, channel, to_address, subject, status, created_at, finished_at)
    VALUES (:id, 'email', 'a@example.com', 'S', CASE WHEN CAST(:open AS boolean) THEN 'queued' ELSE 'sent' END, :at,
            CASE WHEN CAST(:open AS boolean) THEN NULL ELSE CAST(:at AS timestamptz) END)
""")
_PARTS: Final = (
    """INSERT INTO delivery_attempts (delivery_id, number, provider, started_at) VALUES (:id, 1, 'smtp', now())""",
    "INSERT INTO delivery_events (id, delivery_id, kind, occurred_at) VALUES (:id, :id, 'delivered', now())",
    "INSERT INTO delivery_texts (delivery_id, text) VALUES (:id, 't')",
)
ROWS: Final = {
    "provider_events": (
        30,
        """INSERT INTO provider_events (id, provider, event_id, received_at, payload)
           VALUES (:id, 'ses', CAST(CAST(:id AS uuid) AS text), :at, '')""",
    ),
    "dedupe_keys": (
        30,
        """INSERT INTO dedupe_keys (channel, recipient, dedupe_key, delivery_id, created_at)
           VALUES ('email', CAST(CAST(:id AS uuid) AS text), 'k', :id, :at)""",
    ),
    "digest_entries": (
        45,
        "INSERT INTO digest_entries (delivery_id, person, category, occurred_at) VALUES (:id, 'a.b:1', 'alerts', :at)",
    ),
    "suppressions": (
        0,
        """INSERT INTO suppressions (channel, address_hash, scope, reason, source, created_by, created_at, expires_at)
           VALUES ('email', replace(CAST(CAST(:id AS uuid) AS text), '-', ''), 'global', 'manual', 'x', 'x', now(), :at)""",
    ),
    "suppression_removals": (
        400,
        """INSERT INTO suppression_removals (suppression_id, channel, address_hash, scope, reason, added_by, added_at, removed_by,
                                             removed_at, why)
           VALUES (:id, 'email', 'h', 'global', 'manual', 'x', now(), 'x', :at, 'w')""",
    ),
    "preference_changes": (
        400,
        """INSERT INTO preference_changes (person, what, source, actor, changed_at)
           VALUES ('a.b:1', 'quiet_hours', 'operator', 'x', :at)""",
    ),
}


async def count(session: Session, table: str) -> int:
    found: int = (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()  # noqa: S608 - one of our tables
    return found


async def add(session: Session, statement: str, at: datetime) -> UUID:
    key, clause = uuid4(), text(statement)
    await session.execute(clause, {name: {"id": key, "at": at}[name] for name in clause.compile().params})
    return key


def retention(database: Database, clock: FrozenClock, **limits: float) -> Retention:
    clock.set(NOW)
    chunk, slice_s = int(limits.get("chunk", 100)), limits.get("slice_s", 30.0)
    return Retention(database.unit_of_work, 400, clock, chunk=chunk, slice_s=slice_s)


@pytest.mark.parametrize("table", ROWS)
async def test_rows_go_when_their_time_has_ended_and_not_before(
    session: Session, joined_database: Database, clock: FrozenClock, table: str
) -> None:
    days, statement = ROWS[table]
    limit = NOW - timedelta(days=days)
    for at in (limit - timedelta(seconds=1), limit + timedelta(seconds=1)):
        await add(session, statement, at)

    outcome = await retention(joined_database, clock).call(Removal(NOW))

    assert (outcome, await count(session, table)) == (Done(), 1)


async def test_old_deliveries_go_with_all_that_hangs_on_them_and_those_that_have_not_ended_stay(
    session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    old, open_one, young = uuid4(), uuid4(), uuid4()
    for key, at in ((old, NOW - 401 * DAY), (open_one, NOW - 401 * DAY), (young, NOW - 399 * DAY)):
        await session.execute(_DELIVERY, {"id": key, "at": at, "open": key == open_one})
        for part in _PARTS:
            await session.execute(text(part), {"id": key})

    await retention(joined_database, clock).call(Removal(NOW))

    assert set(await session.scalars(text("SELECT id FROM deliveries"))) == {open_one, young}
    assert [await count(session, table) for table in ("delivery_attempts", "delivery_events", "delivery_texts")] == [2, 2, 2]


async def test_in_app_items_go_once_they_were_read_or_archived(
    session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    await session.execute(text("INSERT INTO in_app_inboxes (person, last_seq) VALUES ('a.b:1', 4)"))
    item = text("""
        INSERT INTO in_app_items (id, person, delivery_id, category, title, body, seq, changed_seq, created_at, read_at,
                                  archived_at)
        VALUES (:id, 'a.b:1', :id, 'trips', 't', 'b', :seq, :seq, :at, :read_at, :archived_at)
    """)
    old = NOW - 181 * DAY
    for seq, (at, read_at, archived_at) in enumerate(
        [(old, None, None), (old, NOW, None), (old, None, NOW), (NOW - 179 * DAY, NOW, None)], 1
    ):
        await session.execute(item, {"id": uuid4(), "seq": seq, "at": at, "read_at": read_at, "archived_at": archived_at})

    await retention(joined_database, clock).call(Removal(NOW))

    assert list(await session.scalars(text("SELECT seq FROM in_app_items ORDER BY seq"))) == [1, 4]


async def test_whom_an_old_campaign_went_to_is_forgotten_and_that_it_went_out_is_not(
    session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    await know_customers(session, 3)
    await publish_offer(session)
    goes_on, ended_now = [await running(session, clock) for _ in range(2)]
    await changes_of(session, clock).cancel(ASHA, ended_now.id, "over")

    await retention(joined_database, clock).call(Removal(clock() + 401 * DAY))

    left = set(await session.scalars(text("SELECT campaign_id FROM campaign_recipients")))
    assert (left, await count(session, "campaigns")) == ({goes_on.id}, 2)


async def test_slice_that_is_over_gives_the_message_back_and_the_next_one_goes_on(
    session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    for _ in range(7):
        await add(session, ROWS["dedupe_keys"][1], NOW - 31 * DAY)
    sliced = retention(joined_database, clock, chunk=3, slice_s=-1)

    outcomes = [await sliced.call(Removal(NOW)) for _ in range(3)]

    again = Retry("there is more to remove", counts=False, error_class="Slice")
    assert (outcomes, await count(session, "dedupe_keys")) == ([again, again, Done()], 0)


async def test_remove_expired_data_runs_twice_and_goes_by_its_slot(session: Session, run_task: TaskRunner) -> None:
    key = uuid7()
    await add(session, ROWS["dedupe_keys"][1], NOW - 31 * DAY)
    await add(session, ROWS["dedupe_keys"][1], NOW - 29 * DAY)

    handled = [(await run_task.run([RemoveExpiredData(slot=NOW)], ids=[key]))[0] for _ in range(2)]

    assert [(one.outcome, one.carried_out) for one in handled] == [("done", True), ("done", False)]
    assert await count(session, "dedupe_keys") == 1


async def test_what_taught_something_keeps_its_id_and_loses_what_it_said(
    session: Session, joined_database: Database, clock: FrozenClock
) -> None:
    add = text("""
        INSERT INTO provider_events (id, provider, event_id, received_at, state, settled_at, teaches, payload)
        VALUES (:id, 'twilio', :name, :at, 'applied', now(), :teaches, 'said')
    """)
    for teaches in ("word", "recipient", None):
        for days in (29, 31, 401):
            bound = {"id": uuid4(), "name": f"{teaches} {days}", "at": NOW - days * DAY, "teaches": teaches}
            await session.execute(add, bound)

    outcome = await retention(joined_database, clock).call(Removal(NOW))

    left = (await session.execute(text("SELECT event_id, payload FROM provider_events ORDER BY event_id"))).all()
    assert (outcome, [(row.event_id, bytes(row.payload)) for row in left]) == (
        Done(),
        [
            ("None 29", b"said"),
            ("recipient 29", b"said"),
            ("recipient 31", b""),
            ("word 29", b"said"),
            ("word 31", b""),
            ("word 401", b""),
        ],
    )
