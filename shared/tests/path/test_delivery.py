"""From a commit in one service to an effect in another, over real processes."""

from functools import partial

from shared.testing.probe.contracts import CallProbe, ProbeHappened, RecordProbe
from shared.testing.process import WorkerProcess
from shared.testing.wait import eventually
from shared.tests.path.conftest import Probe


async def test_what_was_committed_arrives_once_and_is_confirmed(probe: Probe) -> None:
    await probe.relay("trips").ready()
    await probe.relay("analytics").ready()
    await probe.worker("--concurrency", "1").ready()

    await probe.publish(
        *(RecordProbe(number=number) for number in range(250)), *(CallProbe(number=1000 + number) for number in range(60))
    )

    expected = [*range(250), *range(1000, 1060)]

    async def all_there() -> bool:
        return len(await probe.effects()) >= len(expected) and await probe.unconfirmed() == 0

    await eventually(all_there, 20, "not everything arrived")
    assert await probe.effects() == expected
    assert len(probe.ledger.read_text().splitlines()) == 60


async def test_an_event_reaches_each_subscribing_lane_once(probe: Probe) -> None:
    await probe.relay("trips").ready()
    await probe.worker("--concurrency", "1").ready()

    await probe.publish(ProbeHappened(number=7))

    async def both_there() -> bool:
        return await probe.effects() == [7, 7]

    await eventually(both_there, 20, "an event has two subscribing lanes here")


async def test_a_killed_child_is_replaced_at_once(probe: Probe) -> None:
    await probe.relay("trips").ready()
    worker = probe.worker("--concurrency", "1")
    await worker.ready()

    for number in range(3):
        await probe.publish(RecordProbe(number=number))
        await eventually(partial(_has_effects, probe, number + 1), 20, "the child does not work")
        killed = worker.kill_child()
        await eventually(partial(_has_child_besides, worker, killed), 3, "Celery by itself looks only every 5 s")


async def _has_effects(probe: Probe, count: int) -> bool:
    return len(await probe.effects()) == count


def _has_child_besides(worker: WorkerProcess, pid: int) -> bool:
    return any(child.pid != pid for child in worker.child.children())
