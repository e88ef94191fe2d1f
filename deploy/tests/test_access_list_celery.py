"""A real Celery worker, its operator and a foreign client under the access list."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from deploy.redis import acl
from deploy.tests.conftest import GuardedBroker
from shared.runtime.settings import ROOT
from shared.testing.child import ChildProcess
from shared.testing.wait import eventually


def connected(broker: GuardedBroker, user: str) -> Celery:
    app = Celery(broker=broker.url(user), backend=broker.url(user), set_as_current=False)
    app.conf.update(broker_transport_options={"priority_steps": [0]}, task_publish_retry=False)
    return app


@pytest.fixture
def worker(broker: GuardedBroker) -> Iterator[ChildProcess]:
    command = [sys.executable, "-m", "celery", "-A", "deploy.tests.acl_worker", "worker", "-n", "alerts@%h", "--concurrency", "1"]
    environment = os.environ | {"ACL_BROKER": broker.url("alerts")}
    process = ChildProcess("worker", [*command, "--without-mingle"], log=broker.home / "worker.log", env=environment, cwd=ROOT)
    yield process
    process.kill()


async def test_a_worker_a_client_and_the_operator_get_along_and_nothing_is_refused(
    broker: GuardedBroker, worker: ChildProcess
) -> None:
    operator = connected(broker, acl.OPERATOR)
    await eventually(lambda: operator.control.ping(timeout=0.5), 20, "the worker did not answer the operator")

    sum_for_client = connected(broker, acl.CLIENT).send_task("alerts.add", (1, 2), queue="alerts.default").get(timeout=10)
    [name] = operator.control.inspect(timeout=1).active_queues() or {}
    addressed = operator.control.ping(destination=[name], timeout=1)

    assert sum_for_client == 3
    assert addressed == [{name: {"ok": "pong"}}]
    assert worker.stop(signal.SIGTERM, timeout_s=20) == 0
    assert broker.refusals() == []


async def test_a_worker_may_bring_back_what_a_killed_one_had_in_hand(broker: GuardedBroker, worker: ChildProcess) -> None:
    lost = connected(broker, acl.CLIENT).send_task("alerts.add", (3, 4), queue="alerts.default")
    with broker.client("alerts") as alerts:
        # What kombu writes when it takes a message, from a worker that took this one in 1970 and died.
        [_, raw] = alerts.brpop("alerts.default", timeout=5) or ("", "")
        message = json.loads(raw)
        tag = message["properties"]["delivery_tag"]
        alerts.hset("unacked:alerts:main", tag, json.dumps([message, "", "alerts.default"]))
        alerts.zadd("unacked:alerts:main:index", {tag: 0})

    assert await asyncio.to_thread(lost.get, timeout=20) == 7
    assert worker.exit_code is None
    assert broker.refusals() == []


async def test_a_service_may_not_control_workers(broker: GuardedBroker, worker: ChildProcess) -> None:
    await eventually(lambda: connected(broker, acl.OPERATOR).control.ping(timeout=0.5), 20)

    with pytest.raises(OperationalError, match="No permissions to access a channel"):
        connected(broker, "payments").control.shutdown()

    assert worker.exit_code is None
    assert broker.refusals() == [("payments", "channel", "/0.celery.pidbox")]
