"""The true backlog of lanes, as this service sees it: what waits in its tables, and what is in the broker."""

from typing import Final

import redis.asyncio as redis
from prometheus_client import Gauge
from sqlalchemy import text

from shared.contracts.lanes import LANES, lanes_of
from shared.runtime.db import Database
from shared.runtime.metrics import REGISTRY

OUTBOX_WAITING: Final = Gauge(
    "waybill_outbox_waiting", "Outbox rows that are due and not sent.", ("service", "lane"), registry=REGISTRY
)
OUTBOX_UNCONFIRMED: Final = Gauge(
    "waybill_outbox_unconfirmed", "Outbox rows sent and not confirmed.", ("service", "lane"), registry=REGISTRY
)
OUTBOX_OLDEST_S: Final = Gauge(
    "waybill_outbox_oldest_seconds", "Age of the oldest due outbox row.", ("service", "lane"), registry=REGISTRY
)
RELAY_LAG_S: Final = Gauge(
    "waybill_relay_lag_seconds",
    "Age of the oldest due outbox row of all lanes.",
    ("service",),
    registry=REGISTRY,
)
INBOX_DUE: Final = Gauge(
    "waybill_inbox_due", "Inbox rows that are due to be sent to the own lane.", ("service", "lane"), registry=REGISTRY
)
INBOX_WAITING: Final = Gauge(
    "waybill_inbox_waiting", "Inbox rows that wait for a later moment.", ("service", "lane"), registry=REGISTRY
)
DEAD_LETTERS: Final = Gauge("waybill_dead_letters_open", "Open dead letters.", ("service", "reason"), registry=REGISTRY)
QUEUE_LENGTH: Final = Gauge("celery_queue_length", "Deliveries in the broker.", ("queue_name",), registry=REGISTRY)
BACKLOG: Final = Gauge(
    "waybill_lane_backlog",
    "What this service holds for a lane, plus, for its own lanes, the broker's part.",
    ("service", "lane"),
    registry=REGISTRY,
)

_OUTBOX: Final = text("""
    SELECT lane, state, count(*) AS rows,
           coalesce(extract(epoch FROM now() - min(greatest(due_at, occurred_at))), 0)::float8 AS oldest_s
      FROM outbox WHERE state IN (0, 1) AND (state = 1 OR due_at <= now()) GROUP BY lane, state
""")
_INBOX: Final = text("""
    SELECT lane, count(*) FILTER (WHERE due_at <= now()) AS due, count(*) FILTER (WHERE due_at > now()) AS later
      FROM inbox WHERE state IN (1, 2, 3, 4) GROUP BY lane
""")
_LETTERS: Final = text("SELECT reason, count(*) AS letters FROM dead_letters WHERE status = 'open' GROUP BY reason")


async def measure(database: Database, client: "redis.Redis", service: str) -> None:
    """Set the gauges. Lanes without rows are set to zero, so that a drained backlog is seen to be drained."""
    async with database.read() as session:
        outbox = {(row.lane, row.state): row for row in await session.execute(_OUTBOX)}
        inbox = {row.lane: row for row in await session.execute(_INBOX)}
        letters = {row.reason: row.letters for row in await session.execute(_LETTERS)}
    own = [lane.name for lane in lanes_of(service)]
    async with client.pipeline(transaction=False) as pipe:
        for name in own:
            pipe.llen(name)
        lengths = dict(zip(own, await pipe.execute(), strict=True))
    for name in LANES:
        waiting, sent = outbox.get((name, 0)), outbox.get((name, 1))
        OUTBOX_WAITING.labels(service, name).set(waiting.rows if waiting else 0)
        OUTBOX_UNCONFIRMED.labels(service, name).set(sent.rows if sent else 0)
        OUTBOX_OLDEST_S.labels(service, name).set(waiting.oldest_s if waiting else 0)
        known = inbox.get(name)
        BACKLOG.labels(service, name).set((waiting.rows if waiting else 0) + (known.due if known else 0) + lengths.get(name, 0))
    RELAY_LAG_S.labels(service).set(max((row.oldest_s for (_, state), row in outbox.items() if state == 0), default=0))
    for name in own:
        known = inbox.get(name)
        INBOX_DUE.labels(service, name).set(known.due if known else 0)
        INBOX_WAITING.labels(service, name).set(known.later if known else 0)
        QUEUE_LENGTH.labels(name).set(lengths[name])
    DEAD_LETTERS.clear()
    for reason, count in letters.items():
        DEAD_LETTERS.labels(service, reason).set(count)
