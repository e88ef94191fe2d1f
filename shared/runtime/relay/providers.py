"""How the accounts outside stand that the service's workers call: what they have answered, and which are left alone."""

from collections.abc import Iterable
from typing import Final

import redis.asyncio as redis
from prometheus_client import Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from shared.runtime.metrics import REGISTRY
from shared.runtime.outside.circuits import REFUSED, closed_key
from shared.runtime.outside.tally import answers_key

CLOSED_S: Final = Gauge(
    "waybill_provider_closed_seconds",
    "For how long an account of the installation takes nothing, as its breaker has it; 0 once it is open again.",
    ("service", "account"),
    registry=REGISTRY,
)
OWN_CLOSED: Final = Gauge(
    "waybill_own_provider_accounts_closed",
    "How many accounts of organizations' own take nothing at present.",
    ("service",),
    registry=REGISTRY,
)


ANSWER_LABELS: Final = ("service", "provider", "account_of", "verdict")


class _Answers(Collector):
    """What was read last, as counters: the counts are kept in Redis, and are nobody's to add to here."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {}

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily(
            "waybill_provider_answers",
            "What accounts outside have answered, by kind of provider, by whose account it is, and by verdict.",
            labels=ANSWER_LABELS,
        )
        for service, counts in self.counts.items():
            for field, count in counts.items():
                family.add_metric([service, *field.split("|")], count)
        yield family


ANSWERS: Final = _Answers()
REGISTRY.register(ANSWERS)


async def measure_providers(client: "redis.Redis", service: str) -> None:
    """Set the metrics to what all workers together know."""
    async with client.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.hgetall(answers_key(service))
        pipe.zrange(closed_key(service), 0, -1, withscores=True)
        (seconds, micros), answers, closed = await pipe.execute()
    now_ms = seconds * 1000 + micros / 1000
    counted = {_text(field): int(count) for field, count in answers.items()}
    # An alert waits for this one to increase, and a counter that begins with its first event does not.
    refused = {f"{field.rpartition('|')[0]}|{REFUSED}": 0 for field in counted}
    ANSWERS.counts[service] = refused | counted
    left_ms = {_text(account): until - now_ms for account, until in closed}
    for account, ms in left_ms.items():
        if "/" not in account:
            CLOSED_S.labels(service, account).set(max(0.0, ms / 1000))
    OWN_CLOSED.labels(service).set(sum(1 for account, ms in left_ms.items() if "/" in account and ms > 0))
    await client.zremrangebyscore(closed_key(service), 0, now_ms - 3_600_000)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
