"""Celery's own commands on a running worker, and what it tells of itself. The access list is on."""

import json
import os
import time
import urllib.request
from typing import Any

import pytest
import redis

from deploy.redis import acl
from shared.runtime.broker import slots_key
from shared.testing.probe.contracts import Behaviour, RecordProbe, RecordProbeAlone
from shared.testing.servers import free_port
from shared.testing.wait import eventually
from shared.tests.runtime.command_line import hostile
from shared.tests.runtime.command_line.stack import PROBE, Stack

NODE = f"probe@{os.uname().nodename}"
pytestmark = pytest.mark.timeout(120)


def _inspected(stack: Stack, command: str, *more: str) -> Any:
    found = stack.celery("inspect", "--timeout", "5", "--destination", NODE, "--json", command, *more)
    assert found.returncode == 0, found.stdout + found.stderr
    return json.loads(found.stdout)[NODE]


def test_inspect_tells_of_lanes_tasks_and_settings(running: Stack) -> None:
    assert _inspected(running, "ping") == {"ok": "pong"}
    assert _inspected(running, "active") == []
    assert {lane["name"] for lane in _inspected(running, "active_queues")} >= {"analytics.critical", "analytics.backup"}
    assert "analytics.record_probe" in _inspected(running, "registered")
    assert _inspected(running, "conf")["task_acks_late"] is True
    assert _inspected(running, "scheduled") == []


async def test_inspect_answers_schedule_and_failed_from_the_database(running: Stack) -> None:
    await running.execute("analytics", "INSERT INTO schedules (name, last_slot_at) VALUES ('nightly', now())")
    await running.execute(
        "analytics",
        "INSERT INTO dead_letters (id, reason, name, body, fingerprint, error) VALUES"
        " (gen_random_uuid(), 'permanent_error', 'analytics.record_probe', 'secret', 'f', 'no')",
    )

    [entry] = _inspected(running, "schedule")
    [letter] = _inspected(running, "failed", "1")

    assert (entry["name"], entry["paused"]) == ("nightly", False)
    assert (letter["reason"], letter["error"], "body" in letter) == ("permanent_error", "no", False)


def test_status_lists_the_worker(running: Stack) -> None:
    found = running.celery("status", "--timeout", "2")

    assert (found.returncode, f"{NODE}: OK" in found.stdout) == (0, True), found.stderr


def test_control_grows_and_shrinks_the_pool(running: Stack) -> None:
    for command, children in (("pool_grow", 3), ("pool_shrink", 2)):
        changed = running.celery("control", "--timeout", "5", "--destination", NODE, command, "1")
        assert changed.returncode == 0, changed.stderr
        assert len(_inspected(running, "stats")["pool"]["processes"]) == children


async def test_pool_has_the_size_that_is_set_for_a_lane_and_its_own_when_nothing_is(running: Stack) -> None:
    with redis.Redis.from_url(running.broker.url(acl.ADMIN)) as client:
        await _resize(running, client)


async def _resize(running: Stack, client: redis.Redis) -> None:
    def size_is(size: int) -> bool:
        return f"{NODE}={size}".encode() in client.zrangebyscore(slots_key("analytics.batch"), time.time(), "+inf")

    add = "INSERT INTO lane_pools (lane, size, reason, set_by) VALUES ('analytics.batch', 4, 'x', 'me')"
    await running.execute("analytics", add)
    await eventually(lambda: size_is(4), 20, "the pool has not grown")
    assert len(_inspected(running, "stats")["pool"]["processes"]) == 4
    await running.execute("analytics", "UPDATE lane_pools SET size = 1")
    await eventually(lambda: size_is(1), 20, "the pool has not shrunk")
    await running.execute("analytics", "DELETE FROM lane_pools")
    await eventually(lambda: size_is(2), 20, "the pool has not its own size again")


async def test_events_carry_what_became_of_each_message_and_no_arguments(running: Stack) -> None:
    dump = running.start("events", "celery", "-A", PROBE, "events", "--dump")
    await eventually(lambda: "heartbeat" in dump.output(), 20, "no event came")

    await running.publish(*(RecordProbe(number=1000 + number, behave=_behaviour(number)) for number in range(3)))
    await running.effects([1000])

    await eventually(lambda: "outcomes={'done': 1, 'dropped': 1, 'failed': 1}" in dump.output(), 20, dump.tail())
    dump.kill()
    [line] = [line for line in dump.output().splitlines() if "waybill batch" in line and "'dropped': 1" in line]
    assert "lane=analytics.normal" in line
    assert [line.count(f"'{outcome}', 1, '") for outcome in ("done", "dropped", "failed")] == [1, 1, 1]
    assert "'Permanent']" in line
    assert not [line for line in dump.output().splitlines() if "1001" in line and "waybill worker" not in line]
    [*_, presence] = [line for line in dump.output().splitlines() if "waybill worker" in line]
    assert all(word in presence for word in ("service=analytics", "slots=", "running=[", "rss_bytes=", "disks=["))


def _behaviour(number: int) -> Behaviour:
    choices: tuple[Behaviour, ...] = ("ok", "drop", "permanent")
    return choices[number]


async def test_the_metrics_port_counts_under_the_names_of_common_dashboards(running: Stack) -> None:
    await running.publish(RecordProbeAlone(number=2000), RecordProbeAlone(number=2001, behave="permanent"))
    await running.effects([2000])

    def shown() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{running.metrics_port}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    labels = f'hostname="{NODE}",name="analytics.record_probe_alone",queue_name="analytics.realtime"'
    await eventually(lambda: f"celery_task_succeeded_total{{{labels}}} 1.0" in shown(), 10, "not counted")
    failed = f'celery_task_failed_total{{exception="Permanent",{labels}}} 1.0'
    await eventually(lambda: failed in shown(), 10, "not counted")
    for name in ("received", "started", "retried", "rejected", "runtime", "queue_wait_time"):
        assert f"# TYPE celery_task_{name}" in shown()


async def test_no_delivery_whatever_it_holds_ends_the_worker_or_gets_lost(running: Stack) -> None:
    worker = next(child for child in running.started if child.name == "worker")
    children, bad = {child.pid for child in worker.children()}, list(hostile.refused())
    await running.execute("analytics", "TRUNCATE dead_letters")
    with running.broker.client(acl.ADMIN) as admin:
        for entry in [*bad, *hostile.odd_but_good(3000)]:
            admin.lpush(hostile.LANE, entry)
    await running.publish(RecordProbe(number=3100))

    await running.effects([3000, 3001, 3002, 3003, 3004, 3100])

    async def all_filed() -> bool:
        return await running.fetch("analytics", "SELECT count(*) FROM dead_letters") == [len(bad)]

    try:
        await eventually(all_filed, 20, "not all are filed", every_s=0.1)
    except AssertionError:
        assert await running.fetch("analytics", "SELECT reason || ' ' || error || left(body, 100) FROM dead_letters") == [
            len(bad)
        ]
    assert (worker.exit_code, {child.pid for child in worker.children()}) == (None, children)


async def test_celerys_own_tasks_are_filed_and_carry_nothing_out(running: Stack) -> None:
    before = await running.fetch("analytics", "SELECT count(*) FROM probe_effects")
    envelope = hostile.plain(3200)
    envelope["headers"]["task"] = "celery.starmap"
    envelope["body"] = json.dumps([[], {"task": {"task": "analytics.record_probe"}, "it": [[3200]]}, {}])
    with running.broker.client(acl.ADMIN) as admin:
        admin.lpush(hostile.LANE, json.dumps(envelope))

    parked = "SELECT name FROM inbox WHERE state = 4 AND name = 'celery.starmap'"
    await eventually(lambda: running.fetch("analytics", parked), 20, "it is not parked")

    assert await running.fetch("analytics", "SELECT count(*) FROM probe_effects") == before
    await running.execute("analytics", "DELETE FROM inbox WHERE name = 'celery.starmap'")


def test_a_worker_refuses_a_lane_of_another_service(running: Stack) -> None:
    refused = running.celery("control", "add_consumer", "payments.critical")

    assert "analytics does not own payments.critical; its lanes are" in refused.stdout
    assert "pong" in running.celery("inspect", "ping").stdout


def test_purge_empties_the_services_lanes_in_the_broker(running: Stack) -> None:
    with running.broker.client(acl.ADMIN) as admin:
        admin.lpush("payments.normal", "{}")
    purged = running.celery("purge", "-f")

    assert purged.returncode == 0, purged.stderr
    with running.broker.client(acl.ADMIN) as admin:
        assert admin.llen("payments.normal") == 1
        admin.delete("payments.normal")


async def test_flower_starts_and_shows_the_worker(running: Stack) -> None:
    port = free_port()
    arguments = ("flower", "--address=127.0.0.1", f"--port={port}", "--inspect_timeout=3000")
    flower = running.start("flower", "celery", "-A", PROBE, *arguments, FLOWER_UNAUTHENTICATED_API="true")

    def shows() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/workers?refresh=1", timeout=10) as answer:
                return NODE in answer.read().decode()
        except OSError:
            return False

    await eventually(shows, 40, "flower does not show the worker", every_s=0.5)
    flower.kill()


async def test_a_plain_client_under_its_own_user_sends_and_gets_its_answer(running: Stack) -> None:
    import asyncio

    from celery import Celery

    url = running.broker.url(acl.CLIENT)
    client = Celery("client", broker=url, backend=url, set_as_current=False)

    result = client.send_task("analytics.ask_probe", kwargs={"number": 21}, queue="analytics.normal")

    assert await asyncio.to_thread(result.get, timeout=20) == {"twice": 42}


def test_the_access_list_has_refused_nothing(running: Stack) -> None:
    assert running.broker.refusals() == []
