"""What becomes of messages that do not simply succeed."""

import asyncio

import orjson
import pytest
from celery import Celery
from celery.result import AsyncResult
from redis.asyncio import Redis

from shared.runtime.outbox import publish
from shared.testing.probe.contracts import AskProbe, Behaviour, CallProbe, RecordProbe, RecordProbeAlone
from shared.testing.wait import eventually
from shared.tests.path.conftest import Probe


async def _started(probe: Probe, *arguments: str, **extra: str) -> None:
    await probe.relay("trips", **extra).ready()
    await probe.relay("analytics", **extra).ready()
    await probe.worker("--concurrency", "1", *arguments, **extra).ready()


async def _settled(probe: Probe, effects: list[int], letters: list[str]) -> None:
    async def reached() -> bool:
        return await probe.effects() == effects and await probe.letters() == letters and await probe.unconfirmed() == 0

    try:
        await eventually(reached, 40, "not settled")
    except AssertionError:
        assert (await probe.effects(), await probe.letters(), await probe.unconfirmed()) == (effects, letters, 0)


async def test_one_bad_message_does_not_take_its_batch_along(probe: Probe) -> None:
    await _started(probe)

    behaviours: dict[int, Behaviour] = {3: "transient", 5: "permanent", 7: "drop", 8: "bug"}
    await probe.publish(*(RecordProbe(number=number, behave=behaviours.get(number, "ok")) for number in range(20)))

    await _settled(probe, [number for number in range(20) if number not in (5, 7, 8)], ["permanent_error", "retries_exhausted"])


async def test_an_effect_is_retried_and_given_up_like_its_outcomes_say(probe: Probe) -> None:
    await _started(probe)

    behaviours: dict[int, Behaviour] = {3: "transient", 5: "permanent", 7: "drop", 8: "bug"}
    await probe.publish(*(CallProbe(number=number, behave=behaviours.get(number, "ok")) for number in range(20)))

    await _settled(probe, [number for number in range(20) if number not in (5, 7, 8)], ["permanent_error", "retries_exhausted"])


@pytest.mark.parametrize("message_type", [RecordProbe, CallProbe, RecordProbeAlone])
async def test_what_kills_its_process_is_buried_alone(
    probe: Probe, message_type: type[RecordProbe | CallProbe | RecordProbeAlone]
) -> None:
    await _started(probe)

    await probe.publish(*(message_type(number=number, behave="kill" if number == 4 else "ok") for number in range(10)))

    await _settled(probe, [number for number in range(10) if number != 4], ["poison"])


async def test_what_hangs_is_killed_and_buried(probe: Probe) -> None:
    await _started(probe, WAYBILL_TIME_FACTOR="0.03")

    await probe.publish(*(RecordProbe(number=number, behave="hang" if number == 4 else "ok") for number in range(5)))

    await _settled(probe, [0, 1, 2, 3], ["poison"])


async def test_a_plain_celery_client_gets_its_answer(probe: Probe, broker_url: str) -> None:
    await _started(probe)
    client = Celery("client", broker=broker_url, backend=broker_url, set_as_current=False)

    result = client.send_task(AskProbe.contract.name, kwargs={"number": 21}, queue="analytics.normal")

    assert await asyncio.to_thread(result.get, timeout=20) == {"twice": 42}
    again = client.send_task(AskProbe.contract.name, kwargs={"number": 21}, queue="analytics.normal")
    assert await asyncio.to_thread(again.get, timeout=20) == {"twice": 42}
    assert await probe.effects() == [21]


async def test_answers_of_published_messages_are_found_under_the_message_id(probe: Probe, broker_url: str) -> None:
    await _started(probe)
    client = Celery("client", broker=broker_url, backend=broker_url, set_as_current=False)

    async with probe.producer.unit_of_work() as session:
        message_id = publish(session, AskProbe(number=4))

    assert await asyncio.to_thread(AsyncResult(str(message_id), app=client).get, timeout=20) == {"twice": 8}


async def test_junk_of_every_kind_is_filed_and_the_worker_goes_on(probe: Probe, broker_url: str, redis: Redis) -> None:
    await _started(probe)
    client = Celery("client", broker=broker_url, set_as_current=False)
    await redis.lpush("analytics.normal", b"not json", orjson.dumps({"no": "properties"}), orjson.dumps([1]))
    client.send_task("analytics.record_probe", kwargs={"number": "many"}, queue="analytics.normal")
    client.send_task("analytics.record_probe", args=[[1]], kwargs={"behave": "nothing"}, queue="analytics.normal")
    await probe.publish(*(RecordProbe(number=number) for number in range(5)))

    await _settled(probe, [0, 1, 2, 3, 4], ["bad_envelope", "bad_envelope", "bad_envelope", "invalid_payload", "invalid_payload"])
