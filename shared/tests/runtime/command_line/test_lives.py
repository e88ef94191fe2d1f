"""A worker's life: children that are replaced, ends that lose nothing, and a watchdog on itself."""

import signal

import pytest

from shared.testing.child import ChildProcess
from shared.testing.probe.contracts import CallProbe, RecordProbeAlone
from shared.testing.wait import eventually
from shared.tests.runtime.command_line.stack import PROBE, Stack

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def relayed(stack: Stack) -> Stack:
    """The stack with its relays."""
    for service in ("trips", "analytics"):
        stack.start(f"{service}-relay", "shared.testing.probe.relay", service, service=service)
    return stack


async def _worker(stack: Stack, name: str, *arguments: str) -> ChildProcess:
    heartbeat = stack.folder / f"{name}.heartbeat"
    program = ("celery", "-A", PROBE, "worker", "--hostname", f"{name}@%h", *arguments)
    worker = stack.start(name, *program, HEARTBEAT_FILE=str(heartbeat))
    await eventually(heartbeat.exists, 30, f"the worker is not ready\n{worker.tail()}")
    return worker


async def _load(stack: Stack, first: int, count: int) -> list[int]:
    numbers = list(range(first, first + count))
    await stack.publish(*(RecordProbeAlone(number=number) for number in numbers))
    return numbers


async def test_children_that_are_replaced_lose_nothing(relayed: Stack) -> None:
    worker = await _worker(relayed, "replaced", "--concurrency", "2", "--max-tasks-per-child", "8")
    before = {child.pid for child in worker.children()}

    await relayed.effects(await _load(relayed, 0, 60))

    assert worker.exit_code is None
    await eventually(lambda: not before & {child.pid for child in worker.children()}, 20, "children were not replaced")
    worker.kill()


@pytest.mark.parametrize(("number", "first"), [(signal.SIGTERM, 1000), (signal.SIGQUIT, 4000)])
async def test_a_worker_that_is_told_to_end_loses_nothing_of_what_it_had_in_hand(
    relayed: Stack, number: signal.Signals, first: int
) -> None:
    worker = await _worker(relayed, f"ended-{number.name}", "--concurrency", "2")
    numbers = await _load(relayed, first, 60)
    await eventually(lambda: _some(relayed, first), 20, "nothing was carried out")

    assert worker.stop(number, timeout_s=30) == 0

    follower = await _worker(relayed, f"follower-{number.name}", "--concurrency", "2")
    await relayed.effects(numbers)
    follower.kill()


async def test_a_worker_that_is_told_to_end_softly_gives_back_what_takes_too_long(relayed: Stack) -> None:
    worker = await _worker(relayed, "soft", "--concurrency", "1", "-Q", "analytics.normal")
    await relayed.publish(CallProbe(number=5000, call_s=600))
    await eventually(lambda: relayed.fetch("analytics", "SELECT 1 FROM probe_attempts WHERE number = 5000"), 20, "no call")

    # The soft end is scaled to 2 s here, far less than the call takes and than the lane's hard limit allows it.
    assert worker.stop(signal.SIGQUIT, timeout_s=20) == 0

    assert (relayed.in_hand("analytics", "normal"), relayed.waiting("analytics.normal")) == (0, 1)
    await _forget_what_waits(relayed)


async def test_a_worker_that_is_interrupted_once_more_gives_back_at_once(relayed: Stack) -> None:
    worker = await _worker(relayed, "interrupted", "--concurrency", "1", "-Q", "analytics.normal")
    await relayed.publish(CallProbe(number=5001, call_s=600))
    await eventually(lambda: relayed.fetch("analytics", "SELECT 1 FROM probe_attempts WHERE number = 5001"), 20, "no call")

    worker.send(signal.SIGINT)
    await eventually(lambda: "Warm shutdown" in worker.output(), 10, "the worker does not end")
    assert worker.stop(signal.SIGINT, timeout_s=20) == 0

    assert (relayed.in_hand("analytics", "normal"), relayed.waiting("analytics.normal")) == (0, 1)
    await _forget_what_waits(relayed)


async def _forget_what_waits(stack: Stack) -> None:
    """It would keep the next worker busy."""
    await stack.execute("trips", "DELETE FROM outbox")
    await stack.execute("analytics", "DELETE FROM inbox WHERE state <> 0")
    stack.clear("analytics.normal")


async def test_a_delivery_that_a_child_has_not_yet_taken_up_is_finished_before_the_end(relayed: Stack) -> None:
    worker = await _worker(relayed, "handed", "--concurrency", "1", "-Q", "analytics.realtime")
    [child] = [one for one in worker.children() if "resource_tracker" not in " ".join(one.cmdline())]
    # A child that has not worked yet may not be up yet, and is handed nothing.
    await relayed.effects(await _load(relayed, 3000, 1))
    child.suspend()
    numbers = await _load(relayed, 3001, 1)
    await eventually(lambda: relayed.in_hand("analytics", "realtime") == 1, 20, "the worker took nothing")

    worker.send(signal.SIGTERM)
    await eventually(lambda: "shutdown" in worker.output().lower(), 10, "the worker does not end")
    child.resume()

    # A child whose last result nobody reads would wait for 30 s.
    assert worker.wait(timeout_s=15) == 0
    assert relayed.in_hand("analytics", "realtime") == 0
    await relayed.effects(numbers)


async def _some(stack: Stack, first: int) -> bool:
    return max(await stack.fetch("analytics", "SELECT number FROM probe_effects"), default=0) >= first


async def test_a_worker_that_gets_nowhere_ends_itself(relayed: Stack) -> None:
    worker = await _worker(relayed, "stuck", "--concurrency", "1", "-Q", "analytics.realtime")
    # The child neither works nor ends: to the pool it is busy with nothing.
    [child] = [one for one in worker.children() if "resource_tracker" not in " ".join(one.cmdline())]
    child.suspend()
    await _load(relayed, 2000, 3)

    await eventually(lambda: worker.exit_code is not None, 60, "the worker hangs on")

    assert worker.exit_code == -signal.SIGKILL
    assert "worker_stuck" in worker.output()


def test_the_access_list_has_refused_nothing(relayed: Stack) -> None:
    assert relayed.broker.refusals() == []
