"""What the broker's users may do, tried on a real server."""

from typing import Any

import pytest
import redis
import redis.asyncio as asyncio_redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from deploy.redis import acl
from deploy.tests.conftest import GuardedBroker
from shared.contracts.lanes import LANES, SERVICES, lanes_of
from shared.runtime.errors import TooManyRequests
from shared.runtime.http.rate_limits import RateLimiter
from shared.runtime.outside.circuits import Circuits, Finding
from shared.runtime.outside.rates import Rates
from shared.runtime.outside.tally import Tally
from shared.runtime.relay.providers import ANSWERS, measure_providers

FORBIDDEN_TO_SERVICES: tuple[tuple[Any, ...], ...] = (
    ("LRANGE", "payments.critical", 0, -1),
    ("RPOP", "payments.critical"),
    ("BRPOP", "payments.critical", 0.01),
    ("DEL", "payments.critical"),
    ("LREM", "payments.critical", 0, "x"),
    ("RPUSH", "payments.critical", "x"),
    ("RENAME", "payments.critical", "alerts.default"),
    ("RENAME", "alerts.default", "payments.critical"),
    ("COPY", "payments.critical", "alerts.default"),
    ("LMOVE", "payments.critical", "alerts.default", "LEFT", "RIGHT"),
    ("SORT", "payments.critical", "STORE", "alerts.default"),
    ("HGETALL", "unacked:payments:all"),
    ("DEL", "unacked:payments:all"),
    ("ZREM", "unacked:payments:all:index", "x"),
    ("RPOP", "receipts:payments"),
    ("LRANGE", "junk:payments", 0, -1),
    ("LPUSH", "junk:payments", "x"),
    ("ZADD", "slots:payments.critical", 1, "w"),
    ("GET", "answers:payments:x"),
    ("SET", "access:revoked:x", "1"),
    ("SADD", "_kombu.binding.payments.critical", "copy"),
    ("PUBLISH", "/0.celery.pidbox", "{}"),
    ("PUBLISH", "hint:payments", ""),
    ("SUBSCRIBE", "hint:payments"),
    ("PSUBSCRIBE", "*"),
    ("EVAL", "return redis.call('RPOP', KEYS[1])", 1, "payments.critical"),
    ("KEYS", "*"),
    ("SCAN", 0),
    ("RANDOMKEY",),
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("CONFIG", "GET", "*"),
    ("ACL", "LIST"),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("MONITOR",),
    ("SHUTDOWN", "NOSAVE"),
    ("REPLICAOF", "NO", "ONE"),
    ("SCRIPT", "FLUSH"),
)


@pytest.mark.parametrize("command", FORBIDDEN_TO_SERVICES, ids=lambda command: " ".join(map(str, command[:2])))
def test_a_service_may_not_touch_what_belongs_to_others(broker: GuardedBroker, command: tuple[Any, ...]) -> None:
    with broker.client(acl.ADMIN) as admin, broker.client("alerts") as alerts:
        admin.lpush("payments.critical", "message")
        admin.hset("unacked:payments:all", "tag", "message")
        before = _content(admin)

        with pytest.raises(NoPermissionError):
            alerts.execute_command(*command)

        assert _content(admin) == before
    assert {user for user, _, _ in broker.refusals()} == {"alerts"}


def test_a_script_has_no_more_rights_than_its_caller(broker: GuardedBroker) -> None:
    with broker.client(acl.ADMIN) as admin, broker.client("alerts") as alerts:
        admin.lpush("payments.critical", "message")
        with pytest.raises(ResponseError, match="ACL failure in script"):
            alerts.eval("return redis.call('RPOP', 'payments.critical')", 0)
        assert admin.llen("payments.critical") == 1


def _content(admin: "redis.Redis") -> dict[Any, Any]:
    keys: Any = admin.keys("*")
    return {key: admin.dump(key) for key in keys}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_works_on_its_own_and_hands_over_to_others(broker: GuardedBroker, service: str) -> None:
    with broker.client(service) as client:
        for lane in LANES:
            assert client.lpush(lane, "message") == 1
            assert client.llen(lane) == 1
            assert client.zcount(f"slots:{lane}", 0, "+inf") == 0
        for own in lanes_of(service):
            assert client.brpop(own.name, timeout=1) == (own.name, "message")
            assert client.zadd(f"slots:{own.name}", {"worker": 1}) == 1
        for other in SERVICES:
            assert client.lpush(f"receipts:{other}", "id") == 1
        assert client.blmpop(1, 1, f"receipts:{service}", direction="RIGHT", count=100) == [f"receipts:{service}", ["id"]]
        assert client.set("epoch", "first", nx=True)
        assert client.get("epoch") == "first"
        assert client.info("server")["run_id"]
        assert client.publish(f"hint:{service}", "") == 0
        with client.pubsub() as subscription:
            subscription.subscribe(f"hint:{service}")
            assert subscription.get_message(timeout=1) is not None
    assert broker.refusals() == []


async def test_a_rate_limit_is_counted_under_the_access_list(broker: GuardedBroker) -> None:
    async with asyncio_redis.Redis.from_url(broker.url("alerts")) as client:
        limiter = RateLimiter(client, "alerts", "1/day")
        await limiter.spend("somebody")
        with pytest.raises(TooManyRequests):
            await limiter.spend("somebody")
    assert broker.refusals() == []


async def test_what_workers_know_of_accounts_outside_is_shared_under_the_access_list(broker: GuardedBroker) -> None:
    async with asyncio_redis.Redis.from_url(broker.url("notifications")) as client:
        circuits, rates, tally = Circuits(client, "notifications"), Rates(client, "notifications"), Tally(client, "notifications")
        await circuits.report("smtp", Finding(failed=True, closes_s=60.0, why="away"))
        await circuits.take_retry("smtp")
        await rates.wait_s("smtp", 10.0, urgent=True)
        await rates.slow("smtp", 10.0, rests_s=1.0)
        await tally.count("smtp", "throttled", is_own=False, at_once=True)
        await measure_providers(client, "notifications")

        assert 0 < (await Circuits(client, "notifications").states(["smtp"]))["smtp"].closed_s <= 60
    # The first refusal of its setup would be an increase, so there is a nothing before it.
    assert ANSWERS.counts["notifications"] == {"smtp|installation|throttled": 1, "smtp|installation|config": 0}
    assert broker.refusals() == []


def _commands(broker: GuardedBroker) -> dict[str, Any]:
    """What the broker has carried out, and how often."""
    with broker.client(acl.ADMIN) as admin:
        found: dict[str, Any] = admin.info("commandstats")
        return {name: counts for name, counts in found.items() if counts["calls"] > counts["rejected_calls"]}


def test_only_analytics_writes_what_all_read_about_access(broker: GuardedBroker) -> None:
    with broker.client("analytics") as analytics, broker.client("trips") as trips:
        assert analytics.set("access:revoked:1", "1", ex=60)
        assert trips.get("access:revoked:1") == "1"
        with pytest.raises(NoPermissionError):
            trips.delete("access:revoked:1")
        assert analytics.get("access:revoked:1") == "1"


@pytest.mark.parametrize(
    "command", [("RPOP", "alerts.default"), ("LPUSH", "receipts:alerts", "x"), ("SET", "celery-task-meta-1", "x")]
)
def test_a_plain_client_sends_and_reads_answers_and_nothing_else(broker: GuardedBroker, command: tuple[str, ...]) -> None:
    with broker.client(acl.CLIENT) as client:
        assert client.lpush("alerts.default", "message") == 1
        assert client.get("celery-task-meta-1") is None
        with pytest.raises(NoPermissionError):
            client.execute_command(*command)
        assert client.llen("alerts.default") == 1


@pytest.mark.parametrize(
    "command", [("FLUSHALL",), ("CONFIG", "SET", "maxmemory", "1"), ("ACL", "SETUSER", "x"), ("SHUTDOWN", "NOSAVE")]
)
def test_the_operator_does_not_administrate(broker: GuardedBroker, command: tuple[str, ...]) -> None:
    with broker.client(acl.OPERATOR) as operator, pytest.raises(NoPermissionError):
        operator.execute_command(*command)


FORBIDDEN_TO_THE_MONITOR: tuple[tuple[Any, ...], ...] = (
    ("LRANGE", "payments.critical", 0, -1),
    ("LINDEX", "payments.critical", -1),
    ("RPOP", "payments.critical"),
    ("LPUSH", "payments.critical", "x"),
    ("DEL", "payments.critical"),
    ("HGETALL", "unacked:payments:all"),
    ("DEL", "unacked:payments:all"),
    ("GET", "celery-task-meta-1"),
    ("PUBLISH", "/0.celery.pidbox", "{}"),
    ("PUBLISH", "/0.celeryev/worker.heartbeat", "{}"),
    ("SUBSCRIBE", "hint:payments"),
    ("EVAL", "return redis.call('LRANGE', KEYS[1], 0, -1)", 1, "payments.critical"),
    ("CLIENT", "LIST"),
    ("FLUSHALL",),
)


@pytest.mark.parametrize("command", FORBIDDEN_TO_THE_MONITOR, ids=lambda command: " ".join(map(str, command[:2])))
def test_the_monitor_counts_messages_and_neither_reads_nor_moves_them(broker: GuardedBroker, command: tuple[Any, ...]) -> None:
    with broker.client(acl.ADMIN) as admin, broker.client(acl.MONITOR) as monitor:
        admin.lpush("payments.critical", "message")
        admin.hset("unacked:payments:all", "tag", "message")

        assert (monitor.llen("payments.critical"), monitor.hlen("unacked:payments:all")) == (1, 1)
        with pytest.raises(NoPermissionError):
            monitor.execute_command(*command)

        assert (admin.llen("payments.critical"), admin.hlen("unacked:payments:all")) == (1, 1)


def test_the_monitor_hears_events_and_removes_what_nobody_owns(broker: GuardedBroker) -> None:
    with broker.client(acl.ADMIN) as admin, broker.client("alerts") as alerts, broker.client(acl.MONITOR) as monitor:
        admin.set("celery-task-meta-1", "{}")
        admin.zadd("slots:alerts.default", {"gone=1": 1.0})
        with monitor.pubsub(ignore_subscribe_messages=True) as heard:
            heard.psubscribe("/0.celeryev/*")
            heard.get_message(timeout=5)
            alerts.publish("/0.celeryev/worker.heartbeat", "{}")
            message = heard.get_message(timeout=5)

        assert message is not None
        assert message["data"] == "{}"
        assert monitor.scan(match="celery-task-meta-*", count=100)[1] == ["celery-task-meta-1"]
        assert monitor.unlink("celery-task-meta-1") == 1
        assert monitor.zremrangebyscore("slots:alerts.default", "-inf", 2) == 1


def test_nobody_enters_without_a_name_or_with_a_wrong_password(broker: GuardedBroker) -> None:
    for url in (f"redis://127.0.0.1:{broker.port}/0", f"redis://alerts:wrong@127.0.0.1:{broker.port}/0"):
        with redis.Redis.from_url(url) as client, pytest.raises(AuthenticationError):
            client.ping()


def test_the_file_holds_digests_and_no_password() -> None:
    text = acl.render({user: f"{user}-password" for user in acl.USERS})
    assert "-password" not in text
    assert text.count(" on #") == len(acl.USERS)


def test_live_streams_and_tickets_are_a_services_own(broker: GuardedBroker) -> None:
    script = """
    redis.call('SET', KEYS[3], redis.call('TIME')[1], 'EX', 60)
    return redis.call('XADD', KEYS[1], '*', 'n', redis.call('INCR', KEYS[2]))
    """
    with broker.client("trips") as trips, broker.client("alerts") as alerts:
        trips.eval(script, 3, "live:trips:events", "live:trips:sequence", "live:trips:place:x")
        trips.set("live:trips:ticket:x", "1", ex=60)

        assert len(trips.xread({"live:trips:events": "0"}, count=10)) == 1
        assert trips.xrevrange("live:trips:events", count=1)[0][1] == {"n": "1"}
        for command in (("XREAD", "STREAMS", "live:trips:events", "0"), ("GETDEL", "live:trips:ticket:x")):
            with pytest.raises(NoPermissionError):
                alerts.execute_command(*command)
        assert trips.getdel("live:trips:ticket:x") == "1"
