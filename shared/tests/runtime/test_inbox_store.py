"""The inbox's fence: who may take a message, and who may settle it."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.runtime.db import Database, Session
from shared.runtime.inbox import store
from shared.runtime.inbox.delivery import Delivery, parse
from shared.runtime.outcomes import Done, Failed, Outcome, Retry, Skipped
from shared.testing.probe.contracts import RecordProbe
from shared.tests.runtime.conftest import Ledger

NAME, LANE = "analytics.record_probe", "analytics.normal"
DUE, LATER, NEVER = -1, 3600, None
"""Seconds until a row is due."""


def _delivery(*message_ids: UUID, redelivered: bool = False) -> Delivery:
    batch = [{"id": str(message_id), "source": "trips", "body": {"number": 1}} for message_id in message_ids]
    return parse(RecordProbe, LANE, "x", {"batch": batch}, {"batch": len(batch)}, redelivered=redelivered)


async def _known(ledger: Ledger, state: int, due: float | None = NEVER, *, crashes: int = 0, owner: str | None = None) -> UUID:
    message_id, token = uuid4(), uuid4() if state == store.LEASED else None
    await ledger.connection.execute(
        "INSERT INTO inbox (id, name, lane, source, state, attempt, crashes, lease_token, lease_owner, due_at, body, occurred_at)"
        " VALUES ($1, $2, $3, 'trips', $4, 2, $5, $6, $7, now() + make_interval(secs => $8), '{\"number\": 1}', now())",
        *(message_id, NAME, LANE, state, crashes, token, owner, due),
    )
    return message_id


async def _leased(database: Database, *message_ids: UUID) -> UUID:
    token, delivery = store.new_token(), _delivery(*message_ids)
    async with database.unit_of_work() as session:
        await store.claim(session, delivery, delivery.items, token, 60)
    return token


FATES = [
    (store.DONE, NEVER, 0, None, None),
    (store.LEASED, LATER, 0, None, None),
    (store.LEASED, DUE, 0, None, (3, 1)),
    (store.RETRY, LATER, 0, None, None),
    (store.RETRY, DUE, 0, 3, (3, 0)),
    (store.QUEUED, LATER, 0, 3, (3, 0)),
    (store.QUEUED, LATER, 1, None, (3, 1)),
    (store.PARKED, DUE, 0, None, None),
    (store.DROPPED, NEVER, 0, None, None),
    (store.DEAD, NEVER, 0, None, None),
    (store.CANCELLED, DUE, 0, None, None),
]


@pytest.mark.parametrize(("state", "due", "crashes", "taken", "claimed"), FATES)
async def test_only_what_is_free_may_be_taken_or_claimed(
    database: Database,
    ledger: Ledger,
    *,
    state: int,
    due: float | None,
    crashes: int,
    taken: int | None,
    claimed: tuple[int, int] | None,
) -> None:
    for_take, for_claim = [await _known(ledger, state, due, crashes=crashes) for _ in range(2)]
    before = await ledger.row(for_take)

    async with database.unit_of_work() as session:
        attempts = await store.take(session, _delivery(for_take), _delivery(for_take).items)
        leases = await store.claim(session, _delivery(for_claim), _delivery(for_claim).items, store.new_token(), 60)

    assert attempts == ({} if taken is None else {for_take: taken})
    assert [(lease.attempt, lease.crashes) for lease in leases] == ([] if claimed is None else [claimed])
    expected = before["state"] if taken is None and before else store.DONE
    assert await ledger.states(for_take, for_claim) == [expected, state if claimed is None else store.LEASED]


async def test_a_new_message_is_taken_once_and_claimed_once(database: Database, ledger: Ledger) -> None:
    taken, claimed = uuid4(), uuid4()

    async with database.unit_of_work() as session:
        attempts = await store.take(session, _delivery(taken), _delivery(taken).items)
        leases = await store.claim(session, _delivery(claimed), _delivery(claimed).items, store.new_token(), 60)
    async with database.unit_of_work() as session:
        again = await store.take(session, _delivery(taken, claimed), _delivery(taken, claimed).items)

    assert (attempts, again) == ({taken: 1}, {})
    assert [(lease.attempt, lease.crashes) for lease in leases] == [(1, 0)]
    row = await ledger.row(claimed)
    assert row is not None
    assert (row["body"], row["source"], row["lease_owner"]) == ('{"number":1}', "trips", store.lease_owner())
    assert 55 < row["in_s"] <= 60


async def test_a_delivery_that_was_handed_out_again_is_no_crash_yet(database: Database) -> None:
    # Redis hands out again after a lost connection or a soft shutdown, too, and nothing died then.
    delivery = _delivery(uuid4(), redelivered=True)

    async with database.unit_of_work() as session:
        [lease] = await store.claim(session, delivery, delivery.items, store.new_token(), 60)

    assert (lease.attempt, lease.crashes) == (1, 0)


async def test_a_lease_that_could_not_be_used_is_given_back_uncounted(database: Database) -> None:
    delivery, token = _delivery(uuid4()), store.new_token()
    async with database.unit_of_work() as session:
        await store.claim(session, delivery, delivery.items, token, 60)

    async with database.unit_of_work() as session:
        assert await store.give_back(session, [token]) == 1
    async with database.unit_of_work() as session:
        [lease] = await store.claim(session, delivery, delivery.items, store.new_token(), 60)

    assert (lease.attempt, lease.crashes) == (1, 0)


async def test_the_second_of_two_deliveries_waits_for_the_first_and_gets_nothing(database: Database) -> None:
    message_id, taken = uuid4(), asyncio.Event()

    async def take(*, first: bool) -> dict[UUID, int]:
        if not first:
            await taken.wait()
        async with database.unit_of_work() as session:
            attempts = await store.take(session, _delivery(message_id), _delivery(message_id).items)
            taken.set()
            await session.execute(text("SELECT pg_sleep(0.05)"))
        return attempts

    assert list(await asyncio.gather(take(first=True), take(first=False))) == [{message_id: 1}, {}]


OUTCOMES: list[tuple[Outcome, dict[str, object]]] = [
    (Done({"twice": 2}), {"state": store.DONE, "body": None, "attempt": 1, "result": '{"twice":2}', "error": None}),
    (Skipped("stale"), {"state": store.DROPPED, "body": None, "attempt": 1, "error": "stale", "error_class": "Dropped"}),
    (Retry("busy", 100), {"state": store.RETRY, "body": '{"number":1}', "attempt": 1, "error": "busy", "finished_at": None}),
    (Retry("closed", 100, counts=False), {"state": store.RETRY, "attempt": 0, "error": "closed", "crashes": 0}),
    (Failed("no", error_class="Refused"), {"state": store.DEAD, "body": None, "error": "no", "error_class": "Refused"}),
]


@pytest.mark.parametrize(("outcome", "expected"), OUTCOMES)
async def test_an_outcome_settles_the_row_and_ends_the_lease(
    database: Database, ledger: Ledger, outcome: Outcome, expected: dict[str, object]
) -> None:
    message_id = uuid4()
    token = await _leased(database, message_id)

    async with database.unit_of_work() as session:
        ours = await store.settle(session, token, {message_id: outcome})

    row = await ledger.row(message_id)
    assert row is not None
    assert ours == {message_id}
    assert {key: row[key] for key in expected} == expected
    assert (row["lease_token"], row["lease_owner"]) == (None, None)
    assert 95 < row["in_s"] <= 100 if isinstance(outcome, Retry) else row["due_at"] is None
    assert [letter["body"] for letter in await ledger.letters()] == (['{"number":1}'] if isinstance(outcome, Failed) else [])


@pytest.mark.parametrize("outcome", [Done(), Failed("no"), Retry("busy", 1)])
async def test_a_lease_that_is_somebody_elses_by_now_settles_nothing(
    database: Database, ledger: Ledger, outcome: Outcome
) -> None:
    message_id = uuid4()
    await _leased(database, message_id)
    before = await ledger.row(message_id)

    async with database.unit_of_work() as session:
        ours = await store.settle(session, store.new_token(), {message_id: outcome})

    after = await ledger.row(message_id)
    assert ours == set()
    assert before is not None
    assert after is not None
    assert {**after, "in_s": 0} == {**before, "in_s": 0}
    assert await ledger.letters() == []


async def test_a_message_is_buried_once(database: Database, ledger: Ledger) -> None:
    message_id = await _known(ledger, store.LEASED, LATER)

    async def bury(session: Session) -> None:
        await store.bury(session, message_id, Failed("order 7 of 'ann' failed", "permanent_error", "Refused"))

    for _ in range(2):
        async with database.unit_of_work() as session:
            await bury(session)

    [letter] = await ledger.letters()
    assert (letter["message_id"], letter["reason"], letter["attempts"]) == (message_id, "permanent_error", 2)
    assert (letter["body"], letter["status"], letter["source"]) == ('{"number": 1}', "open", "trips")


async def test_leases_of_processes_that_are_gone_end_at_once(database: Database, ledger: Ledger) -> None:
    place, pid, _ = store.lease_owner().rsplit(":", 2)
    owners = [f"{place}:{pid}:1", f"{place}:999999999:5", store.lease_owner(), "another-host:1:1"]
    held = [await _known(ledger, store.LEASED, LATER, owner=owner) for owner in owners]

    async with database.unit_of_work() as session:
        released = await store.release_vanished(session, held)

    rows = [await ledger.row(message_id) for message_id in held]
    assert released == 2
    assert [row is not None and row["in_s"] <= 0 for row in rows] == [True, True, False, False]


@pytest.mark.parametrize(
    ("state", "due", "comes"), [(store.RETRY, LATER, True), (store.LEASED, LATER, False), (store.DONE, NEVER, False)]
)
async def test_only_a_retry_is_hurried(database: Database, ledger: Ledger, state: int, due: float | None, comes: bool) -> None:
    message_id, other = await _known(ledger, state, due), await _known(ledger, store.RETRY, LATER)
    async with database.unit_of_work() as session:
        assert await store.hurry(session, [message_id, uuid4()]) == int(comes)

    due_now = "SELECT coalesce(due_at <= now(), false) FROM inbox WHERE id = $1"
    assert await ledger.connection.fetchval(due_now, message_id) is comes
    assert await ledger.connection.fetchval(due_now, other) is False


async def test_retry_that_is_due_already_is_not_put_behind_others(database: Database, ledger: Ledger) -> None:
    message_id = await _known(ledger, store.RETRY, -60)
    async with database.unit_of_work() as session:
        await store.hurry(session, [message_id])

    assert await ledger.connection.fetchval("SELECT due_at < now() - interval '50 s' FROM inbox WHERE id = $1", message_id)


async def test_what_was_done_and_kept_its_body_can_be_reopened_until_it_is_forgotten(database: Database, ledger: Ledger) -> None:
    ids = [uuid4() for _ in range(3)]
    token = await _leased(database, *ids)
    ended = {ids[0]: Done(keeps_body=True), ids[1]: Done(keeps_body=True), ids[2]: Done()}
    async with database.unit_of_work() as session:
        await store.settle(session, token, ended)
        await store.forget(session, [ids[1]])

    async with database.unit_of_work() as session:
        reopened = await store.reopen(session, dict.fromkeys(ids, 60.0))
        again = await store.reopen(session, dict.fromkeys(ids, 60.0))

    state = "SELECT state, due_at > now() + interval '50 seconds', body IS NOT NULL, attempt FROM inbox WHERE id = $1"
    assert (reopened, again) == ({ids[0]}, set())
    assert [tuple(await ledger.connection.fetchrow(state, key) or ()) for key in ids] == [
        (store.RETRY, True, True, 1),
        (store.DONE, None, False, 1),
        (store.DONE, None, False, 1),
    ]
