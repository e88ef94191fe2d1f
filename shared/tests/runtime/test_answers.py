"""Answers, as a plain Celery client sees them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery.result import AsyncResult
from redis.asyncio import Redis

from shared.runtime.db import Session
from shared.runtime.errors import Dropped, Permanent, Transient
from shared.runtime.inbox.delivery import Received
from shared.runtime.inbox.handlers import LightHandler
from shared.testing.messages import TaskRunner
from shared.testing.probe.contracts import AskProbe
from shared.tests.runtime.conftest import Ledger

pytestmark = pytest.mark.commits


class Answering:
    """A handler that answers twice the number after it has done what the test asks; it counts its runs."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.runs = 0
        self._before = before
        self.handler = LightHandler(AskProbe, self._handle)

    async def _handle(self, _: Session, received: Sequence[Received[AskProbe]]) -> Sequence[Any]:
        self.runs += 1
        self._before()
        return [{"twice": 2 * one.message.number} for one in received]


class Loose(AskProbe):
    """The same, as a stranger may fill it."""

    number: Any


@pytest.fixture
def client(broker_url: str) -> Celery:
    return Celery("client", broker=broker_url, backend=broker_url, set_as_current=False)


async def _state(client: Celery, message_id: object) -> tuple[str, object]:
    result: AsyncResult[Any] = AsyncResult(str(message_id), app=client)
    return await asyncio.to_thread(lambda: (result.state, result.result))


def _raise(error: Exception) -> Callable[[], None]:
    def before() -> None:
        raise error

    return before


async def test_an_answer_is_kept_with_the_message_and_found_under_its_id(
    run_task: TaskRunner, client: Celery, redis: Redis
) -> None:
    [handled] = await run_task.run([AskProbe(number=21)], handler=Answering().handler)

    assert handled.result == {"twice": 42}
    assert await _state(client, handled.id) == ("SUCCESS", {"twice": 42})
    assert 86_000 < await redis.ttl(f"celery-task-meta-{handled.id}") <= 86_400


async def test_while_it_is_carried_out_a_message_says_started(run_task: TaskRunner, broker_url: str) -> None:
    seen: list[str] = []
    message_id = uuid4()

    def look() -> None:
        seen.append(AsyncResult(str(message_id), app=Celery(backend=broker_url, set_as_current=False)).state)

    await run_task.run([AskProbe(number=1)], ids=[message_id], handler=Answering(look).handler)

    assert seen == ["STARTED", "STARTED"][: len(seen)]
    assert seen


@pytest.mark.parametrize(
    ("error", "state", "words"),
    [(Transient("busy"), "RETRY", "Transient: busy"), (Permanent("refused"), "FAILURE", "Permanent: refused")],
)
async def test_what_went_wrong_is_told_by_state_and_words(
    run_task: TaskRunner, client: Celery, *, error: Exception, state: str, words: str
) -> None:
    [handled] = await run_task.run([AskProbe(number=1)], handler=Answering(_raise(error)).handler)

    found, result = await _state(client, handled.id)
    assert (found, type(result), str(result)) == (state, RuntimeError, words)


async def test_what_was_pointless_is_answered_as_dropped(run_task: TaskRunner, client: Celery) -> None:
    [handled] = await run_task.run([AskProbe(number=1)], handler=Answering(_raise(Dropped("stale"))).handler)

    assert await _state(client, handled.id) == ("SUCCESS", {"dropped": "stale"})


async def test_a_payload_that_does_not_validate_fails_at_once_for_who_waits(run_task: TaskRunner, client: Celery) -> None:
    [good, bad] = await run_task.run([AskProbe(number=1), Loose(number="many")], handler=Answering().handler)

    found, result = await _state(client, bad.id)
    assert (good.outcome, bad.outcome, found) == ("done", "dead", "FAILURE")
    assert str(result).startswith("ValidationError: number: Input should be a valid integer")


async def test_the_same_payload_is_answered_from_the_cache_and_done(run_task: TaskRunner, client: Celery) -> None:
    answering = Answering()
    await run_task.run([AskProbe(number=21)], handler=answering.handler)

    [again, other] = [(await run_task.run([AskProbe(number=number)], handler=answering.handler))[0] for number in (21, 22)]

    assert answering.runs == 2
    assert (again.outcome, again.result, other.result) == ("done", {"twice": 42}, {"twice": 44})
    assert await _state(client, again.id) == ("SUCCESS", {"twice": 42})


async def test_a_message_that_waits_for_its_retry_is_not_answered_from_the_cache(
    run_task: TaskRunner, client: Celery, ledger: Ledger
) -> None:
    message_id = uuid4()
    await run_task.run([AskProbe(number=21)], ids=[message_id], handler=Answering(_raise(Transient("busy"))).handler)
    await ledger.connection.execute("UPDATE inbox SET due_at = now() + interval '1 hour'")
    await run_task.run([AskProbe(number=21)], handler=Answering().handler)

    [early] = await run_task.run([AskProbe(number=21)], ids=[message_id], handler=Answering().handler)

    assert (early.outcome, early.result, early.carried_out) == ("retry", None, False)
    assert (await _state(client, message_id))[0] == "RETRY"


async def test_an_answer_that_went_with_the_broker_comes_back_with_the_next_copy(
    run_task: TaskRunner, client: Celery, redis: Redis
) -> None:
    message_id, answering = uuid4(), Answering()
    await run_task.run([AskProbe(number=21)], ids=[message_id], handler=answering.handler)
    await redis.flushall()
    assert (await _state(client, message_id))[0] == "PENDING"

    await run_task.run([AskProbe(number=21)], ids=[message_id], handler=answering.handler, redelivered=True)

    assert await _state(client, message_id) == ("SUCCESS", {"twice": 42})
    assert answering.runs == 1
