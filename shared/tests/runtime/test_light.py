"""Light handlers: one transaction per batch, one by one only where an item made the handler raise."""

import asyncio
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis

from shared.contracts.retry import RetryPolicy
from shared.runtime.db import Session
from shared.runtime.errors import Dropped, Permanent, Transient
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.inbox.consume import DatabaseAway, OutOfTime
from shared.runtime.inbox.delivery import Received
from shared.testing.messages import TaskRunner
from shared.tests.runtime.arrange import END_MY_CONNECTION, SERIALIZATION_FAILURE, Each, Remind, Vague, light, nothing
from shared.tests.runtime.conftest import Ledger

pytestmark = [pytest.mark.commits, pytest.mark.usefixtures("ledger")]


def _raises(error: Exception, *, for_number: int = 1) -> Each:
    async def each(_: Session, one: Received[Remind]) -> None:
        if one.message.number == for_number:
            raise error

    return each


async def test_one_message_that_raises_is_settled_alone(run_task: TaskRunner, ledger: Ledger) -> None:
    batch = [Remind(number=number) for number in range(3)]

    handled = await run_task.run(batch, handler=light(_raises(Permanent("never"))))

    assert [(one.outcome, one.attempt) for one in handled] == [("done", 1), ("dead", 1), ("done", 1)]
    assert await ledger.effects() == [0, 2]
    assert [(letter["reason"], letter["error"]) for letter in await ledger.letters()] == [("permanent_error", "never")]


@pytest.mark.parametrize(
    ("error", "outcome", "error_class"),
    [
        (Transient("busy"), "retry", "Transient"),
        (Dropped("stale"), "dropped", "Dropped"),
        (ZeroDivisionError("bug"), "retry", "ZeroDivisionError"),
        (TimeoutError(), "retry", "TimeoutError"),
        (FileNotFoundError("no template"), "retry", "FileNotFoundError"),
        (ConnectionResetError("by peer"), "retry", "ConnectionResetError"),
    ],
)
async def test_what_a_handler_raises_decides_over_its_message(
    run_task: TaskRunner, ledger: Ledger, error: Exception, outcome: str, error_class: str
) -> None:
    [handled] = await run_task.run([Remind(number=1)], handler=light(_raises(error)))

    assert (handled.outcome, handled.attempt, handled.error_class) == (outcome, 1, error_class)
    assert await ledger.effects() == []


async def test_a_lost_race_repeats_the_whole_batch_and_not_its_items(run_task: TaskRunner, ledger: Ledger) -> None:
    seen: list[int] = []

    async def each(session: Session, one: Received[Remind]) -> None:
        seen.append(one.message.number)
        if seen == [0, 1]:
            await session.execute(SERIALIZATION_FAILURE)

    handled = await run_task.run([Remind(number=number) for number in range(3)], handler=light(each))

    assert seen == [0, 1, 0, 1, 2]
    assert [(one.outcome, one.attempt) for one in handled] == [("done", 1)] * 3
    assert await ledger.effects() == [0, 1, 2]


async def test_a_race_that_an_isolated_message_loses_is_no_try(run_task: TaskRunner, ledger: Ledger) -> None:
    seen: list[int] = []

    async def each(session: Session, one: Received[Remind]) -> None:
        seen.append(one.attempt)
        if len(seen) == 1:
            await session.execute(SERIALIZATION_FAILURE)

    [handled] = await run_task.run([Remind(number=1)], handler=light(each), redelivered=True)

    assert (seen, handled.outcome, handled.attempt) == ([1, 1], "done", 1)
    assert await ledger.effects() == [1]


async def test_a_message_that_loses_every_race_waits_and_has_used_up_no_try(run_task: TaskRunner) -> None:
    async def each(session: Session, _: Received[Remind]) -> None:
        await session.execute(SERIALIZATION_FAILURE)

    [handled] = await run_task.run([Remind(number=1)], handler=light(each))

    assert (handled.outcome, handled.attempt, handled.error_class) == ("retry", 0, "Conflict")


async def test_a_lost_database_sends_the_delivery_back_untouched(run_task: TaskRunner, ledger: Ledger) -> None:
    ids = [uuid7(), uuid7()]

    async def each(session: Session, _: Received[Remind]) -> None:
        await session.execute(END_MY_CONNECTION)

    with pytest.raises(DatabaseAway):
        await run_task.run([Remind(number=1), Remind(number=2)], ids=ids, handler=light(each))

    assert await ledger.states(*ids) == [None, None]
    [first, _] = await run_task.run([Remind(number=1), Remind(number=2)], ids=ids, handler=light(nothing))
    assert (first.outcome, first.attempt) == ("done", 1)


async def test_a_second_delivery_has_no_second_effect(run_task: TaskRunner, ledger: Ledger) -> None:
    ids = [uuid4()]
    await run_task.run([Remind(number=1)], ids=ids, handler=light(nothing))

    [again] = await run_task.run([Remind(number=1)], ids=ids, handler=light(nothing), redelivered=True)

    assert (again.outcome, again.carried_out) == ("done", False)
    assert await ledger.effects() == [1]


async def test_the_senders_retry_policy_goes_before_the_contracts(run_task: TaskRunner, ledger: Ledger) -> None:
    fixed = RetryPolicy(max_retries=1, base_s=7, cap_s=7, jitter=False)
    failing = light(_raises(Transient("busy")))

    [own, contracts] = await run_task.run([Remind(number=1, retry=fixed), Remind(number=1)], handler=failing)

    waits = [(await ledger.row(one.id) or {})["in_s"] for one in (own, contracts)]
    assert 6 < waits[0] <= 7
    assert 99 < waits[1] <= 100


async def test_a_providers_retry_after_is_a_lower_bound(run_task: TaskRunner, ledger: Ledger) -> None:
    policy = RetryPolicy(max_retries=1, base_s=1, cap_s=1)
    failing = light(_raises(Transient("slow down", retry_after_s=500)))

    [handled] = await run_task.run([Remind(number=1, retry=policy)], handler=failing)

    assert 499 < (await ledger.row(handled.id) or {})["in_s"] <= 500


async def test_a_message_whose_retries_are_used_up_is_buried_with_its_attempts(run_task: TaskRunner, ledger: Ledger) -> None:
    message_id, failing = uuid4(), light(_raises(Transient("busy")))

    handled = []
    for _ in range(3):
        handled += await run_task.run([Remind(number=1)], ids=[message_id], handler=failing)
        await ledger.connection.execute("UPDATE inbox SET due_at = now() WHERE state = 2")

    assert [(one.outcome, one.attempt) for one in handled] == [("retry", 1), ("retry", 2), ("dead", 3)]
    assert [(one["reason"], one["attempts"]) for one in await ledger.letters()] == [("retries_exhausted", 3)]


async def test_a_retry_that_is_not_due_waits_even_when_another_copy_arrives(run_task: TaskRunner, ledger: Ledger) -> None:
    message_id = uuid4()
    await run_task.run([Remind(number=1)], ids=[message_id], handler=light(_raises(Transient("busy"))))

    [early] = await run_task.run([Remind(number=1)], ids=[message_id], handler=light(nothing))

    assert (early.outcome, early.attempt, early.carried_out) == ("retry", 1, False)
    assert await ledger.effects() == []


async def test_payloads_that_do_not_validate_are_buried_whole(run_task: TaskRunner, ledger: Ledger) -> None:
    wrong = Vague(number="many", subject_key="x")

    [good, bad] = await run_task.run([Remind(number=1), wrong], handler=light(nothing), source="trips")

    assert (good.outcome, bad.outcome, bad.error_class) == ("done", "dead", "ValidationError")
    [letter] = await ledger.letters()
    assert (letter["reason"], letter["source"]) == ("invalid_payload", "trips")
    assert '"number":"many"' in letter["body"]


async def test_each_producer_gets_its_receipt_for_the_good_and_the_bad(run_task: TaskRunner, redis: Redis) -> None:
    ids = [uuid7() for _ in range(3)]
    batch = [Remind(number=0), Remind(number=1), Vague(number="many")]

    await run_task.run(batch, ids=ids, handler=light(_raises(Transient("busy"))), source="trips")

    receipts = [orjson.loads(entry) for entry in await redis.lrange("receipts:trips", 0, -1)]
    assert sorted(message_id for receipt in receipts for message_id in receipt) == [str(message_id) for message_id in ids]


class TestOutOfTime:
    """A lane's batch has its hard limit less ten seconds, here a second."""

    @pytest.fixture
    def settings(self, settings: HttpSettings) -> HttpSettings:
        return settings.model_copy(update={"time_factor": 0.02})

    async def test_a_message_that_takes_too_long_is_tried_again(self, run_task: TaskRunner, ledger: Ledger) -> None:
        [handled] = await run_task.run([Remind(number=1)], handler=light(_sleeps), source="trips")

        assert (handled.outcome, handled.attempt, handled.error_class) == ("retry", 1, "TimeoutError")
        assert handled.error == "the time limit of the attempt was reached"
        assert await ledger.effects() == []

    async def test_a_batch_goes_back_as_it_came_because_nobody_knows_which_took_the_time(
        self, run_task: TaskRunner, ledger: Ledger
    ) -> None:
        ids = [uuid7(), uuid7()]

        with pytest.raises(OutOfTime):
            await run_task.run([Remind(number=0), Remind(number=1)], ids=ids, handler=light(_sleeps))

        assert await ledger.states(*ids) == [None, None]

    async def test_what_was_not_reached_behind_a_slow_one_has_had_no_try(self, run_task: TaskRunner, ledger: Ledger) -> None:
        batch = [Remind(number=1), Remind(number=2)]

        [slow, behind] = await run_task.run(batch, ids=[uuid7(), uuid7()], handler=light(_sleeps), redelivered=True)

        assert (slow.outcome, slow.attempt) == ("leased", 1)
        assert (behind.outcome, behind.attempt) == ("retry", 0)
        assert (await ledger.row(behind.id) or {})["in_s"] <= 0


async def _sleeps(_: Session, one: Received[Remind]) -> None:
    await asyncio.sleep(30 if one.message.number == 1 else 0)
