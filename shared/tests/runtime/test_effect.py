"""Effects: claimed under a lease, called outside of any transaction, recorded while the lease is still ours."""

import asyncio
import time
from uuid import uuid4

import orjson
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from shared.runtime.db import Session
from shared.runtime.errors import Permanent, Transient
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7
from shared.runtime.inbox import effect as effect_module
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import NOT_REACHED, Done, Failed, Outcome, Retry, Skipped
from shared.testing.messages import TaskRunner
from shared.testing.wait import eventually
from shared.tests.runtime.arrange import END_MY_CONNECTION, SERIALIZATION_FAILURE, Remind, ScriptedEffect
from shared.tests.runtime.conftest import Ledger

pytestmark = [pytest.mark.commits, pytest.mark.usefixtures("ledger")]
BATCH = [Remind(number=number) for number in range(4)]


async def test_a_batchs_calls_overlap_up_to_the_providers_limit(run_task: TaskRunner, ledger: Ledger) -> None:
    effect = ScriptedEffect(concurrency=3)

    handled = await run_task.run(BATCH, handler=effect.handler())

    assert [one.outcome for one in handled] == ["done"] * 4
    assert (effect.most_at_once, sorted(effect.calls)) == (3, [0, 1, 2, 3])
    assert await ledger.effects() == [0, 1, 2, 3]


async def test_attempts_are_committed_before_the_call(run_task: TaskRunner, ledger: Ledger) -> None:
    seen: list[tuple[list[int | None], int]] = []

    async def look(one: Received[Remind]) -> Outcome:
        states = await ledger.states(one.id)
        attempts = await ledger.connection.fetchval("SELECT count(*) FROM probe_attempts")
        seen.append((states, attempts))
        return Done()

    async def claim(session: Session, one: Received[Remind]) -> None:
        await session.execute(text("INSERT INTO probe_attempts VALUES (:id, 1, 1, 1)"), {"id": one.id})

    await run_task.run(BATCH[:1], handler=ScriptedEffect(look, on_claim=claim).handler())

    assert seen == [([1], 1)]


async def test_outcomes_that_are_clear_without_a_call_are_recorded_without_one(run_task: TaskRunner) -> None:
    async def claim(_: Session, one: Received[Remind]) -> Outcome | None:
        return [None, Skipped("stale"), Retry("closed", 60, counts=False), Failed("unknown person")][one.message.number]

    effect = ScriptedEffect(on_claim=claim)
    handled = await run_task.run(BATCH, handler=effect.handler())

    assert [(one.outcome, one.attempt) for one in handled] == [("done", 1), ("dropped", 1), ("retry", 0), ("dead", 1)]
    assert effect.calls == [0]
    assert sorted(number for number, _ in effect.recorded) == [0, 1, 2, 3]


async def test_a_claim_that_raises_for_one_spares_the_others(run_task: TaskRunner) -> None:
    async def claim(_: Session, one: Received[Remind]) -> None:
        if one.message.number == 2:
            raise Permanent("no such person")

    handled = await run_task.run(BATCH, handler=ScriptedEffect(on_claim=claim).handler())

    assert [one.outcome for one in handled] == ["done", "done", "dead", "done"]


async def test_a_race_that_a_claim_loses_is_no_try(run_task: TaskRunner) -> None:
    seen: list[int] = []

    async def claim(session: Session, one: Received[Remind]) -> None:
        seen.append(one.message.number)
        if seen == [0, 1]:
            await session.execute(SERIALIZATION_FAILURE)

    handled = await run_task.run(BATCH, handler=ScriptedEffect(on_claim=claim).handler())

    assert seen == [0, 1, 0, 1, 2, 3]
    assert [(one.outcome, one.attempt) for one in handled] == [("done", 1)] * 4


@pytest.mark.parametrize(
    ("error", "outcome"), [(Transient("busy"), "retry"), (TimeoutError(), "retry"), (Permanent("refused"), "dead")]
)
async def test_a_call_that_raises_is_recorded_as_its_error_says(run_task: TaskRunner, error: Exception, outcome: str) -> None:
    async def call(one: Received[Remind]) -> Outcome:
        if one.message.number == 0:
            raise error
        return Done()

    effect = ScriptedEffect(call)
    handled = await run_task.run(BATCH[:2], handler=effect.handler())

    assert [one.outcome for one in handled] == [outcome, "done"]
    assert sorted(number for number, _ in effect.recorded) == [0, 1]


async def test_a_result_that_cannot_be_recorded_is_buried_and_not_repeated(run_task: TaskRunner, ledger: Ledger) -> None:
    async def record(_: Session, one: Received[Remind], __: Outcome) -> None:
        if one.message.number == 1:
            raise ZeroDivisionError("the record has a bug")

    effect = ScriptedEffect(on_record=record)
    handled = await run_task.run(BATCH[:3], handler=effect.handler())

    assert [one.outcome for one in handled] == ["done", "dead", "done"]
    assert [(one["reason"], one["error"]) for one in await ledger.letters()] == [("record_failed", "the record has a bug")]
    assert sorted(effect.calls) == [0, 1, 2]
    assert await ledger.effects() == [0, 2]


@pytest.mark.parametrize("trouble", [SERIALIZATION_FAILURE, END_MY_CONNECTION])
async def test_what_was_called_is_recorded_once_the_database_lets_it(
    run_task: TaskRunner, ledger: Ledger, trouble: object
) -> None:
    tries: list[int] = []

    async def record(session: Session, one: Received[Remind], _: Outcome) -> None:
        tries.append(one.message.number)
        if len(tries) == 1:
            await session.execute(trouble)  # type: ignore[call-overload]  # a statement, whichever

    effect = ScriptedEffect(on_record=record)
    [handled] = await run_task.run(BATCH[:1], handler=effect.handler())

    assert (handled.outcome, effect.calls, tries) == ("done", [0], [0, 0])
    assert await ledger.effects() == [0]


async def test_results_that_come_one_after_the_other_share_a_commit_and_the_last_does_not_wait(
    run_task: TaskRunner, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(effect_module, "LINGER_S", 30.0)
    began = time.monotonic()

    handled = await run_task.run(BATCH, handler=ScriptedEffect(concurrency=1).handler())

    assert [one.outcome for one in handled] == ["done"] * 4
    assert await ledger.connection.fetchval("SELECT count(DISTINCT xmin::text) FROM probe_effects") == 1
    assert time.monotonic() - began < 15


async def test_result_does_not_wait_for_a_call_that_takes_long(run_task: TaskRunner, ledger: Ledger) -> None:
    async def call(one: Received[Remind]) -> Outcome:
        if one.message.number == 1:
            # The first one's record is what this call waits for.
            await eventually(ledger.effects, 10, "nothing is recorded while a call is under way")
        return Done()

    await run_task.run(BATCH[:2], handler=ScriptedEffect(call).handler())

    assert await ledger.effects() == [0, 1]


@pytest.mark.parametrize(
    "meanwhile",
    ["UPDATE inbox SET state = 7, lease_token = NULL", "UPDATE inbox SET lease_token = gen_random_uuid(), attempt = 2"],
)
async def test_a_lease_that_was_taken_away_records_nothing(run_task: TaskRunner, ledger: Ledger, meanwhile: str) -> None:
    async def call(_: Received[Remind]) -> Outcome:
        await ledger.connection.execute(meanwhile)
        return Done()

    effect = ScriptedEffect(call)
    [handled] = await run_task.run(BATCH[:1], handler=effect.handler())

    assert (handled.carried_out, effect.recorded) == (False, [])
    assert handled.outcome in {"cancelled", "leased"}
    assert await ledger.effects() == []


async def test_what_killed_its_process_three_times_is_buried_without_a_call(run_task: TaskRunner, ledger: Ledger) -> None:
    message_id = uuid4()
    await ledger.connection.execute(
        "INSERT INTO inbox (id, name, lane, state, attempt, crashes, body, occurred_at, due_at) VALUES"
        " ($1, 'analytics.remind_somebody', 'analytics.normal', 3, 3, 3, '{\"number\": 0}', now(), now())",
        message_id,
    )

    effect = ScriptedEffect()
    [handled] = await run_task.run(BATCH[:1], ids=[message_id], handler=effect.handler())

    assert (handled.outcome, effect.calls, [number for number, _ in effect.recorded]) == ("dead", [], [0])
    assert [letter["reason"] for letter in await ledger.letters()] == ["poison"]


async def test_an_isolated_batch_confirms_each_message_only_when_it_is_leased(run_task: TaskRunner, redis: Redis) -> None:
    ids, confirmed = [uuid7() for _ in range(3)], list[list[str]]()

    async def call(_: Received[Remind]) -> Outcome:
        entries = await redis.lrange("receipts:trips", 0, -1)
        confirmed.append(sorted(message_id for entry in entries for message_id in orjson.loads(entry)))
        return Done()

    await run_task.run(BATCH[:3], ids=ids, source="trips", redelivered=True, handler=ScriptedEffect(call).handler())

    assert confirmed == [[str(message_id) for message_id in ids[:count]] for count in (1, 2, 3)]


class TestBudget:
    """A batch starts calls for twenty seconds, here for one."""

    @pytest.fixture
    def settings(self, settings: HttpSettings) -> HttpSettings:
        return settings.model_copy(update={"time_factor": 0.05})

    async def test_what_a_slow_provider_left_goes_back_without_counting_as_a_try(
        self, run_task: TaskRunner, ledger: Ledger
    ) -> None:
        async def call(_: Received[Remind]) -> Outcome:
            await asyncio.sleep(1.25)
            return Done()

        effect = ScriptedEffect(call, concurrency=1)
        handled = await run_task.run(BATCH[:3], handler=effect.handler())

        assert [(one.outcome, one.attempt) for one in handled] == [("done", 1), ("retry", 0), ("retry", 0)]
        assert effect.recorded == [(0, Done()), (1, NOT_REACHED), (2, NOT_REACHED)]
        left = await ledger.row(handled[2].id)
        assert left is not None
        assert (left["error_class"], left["body"] is not None, left["in_s"] <= 0) == ("BatchBudget", True, True)

    async def test_a_call_that_outlasts_the_lanes_limit_keeps_its_lease(self, run_task: TaskRunner) -> None:
        async def call(one: Received[Remind]) -> Outcome:
            await asyncio.sleep(30 if one.message.number == 1 else 0)
            return Done()

        effect = ScriptedEffect(call)
        handled = await run_task.run(BATCH[:2], handler=effect.handler(), source="trips")

        assert [one.outcome for one in handled] == ["done", "leased"]
        assert [number for number, _ in effect.recorded] == [0]
