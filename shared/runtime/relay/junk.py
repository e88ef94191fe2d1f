"""Files what never reached a task: workers push it to the junk list, and here it becomes rows.

Unknown names are parked in the inbox and tried again for an hour, because in a rolling deploy the producer may be
ahead of the consumer. Everything else is a dead letter at once.
"""

import json
import logging
from typing import Any, Final
from uuid import UUID, uuid5

import redis.asyncio as redis
from kombu.transport.virtual import Base64
from sqlalchemy import text

from shared.runtime import broker
from shared.runtime.clock import system_clock
from shared.runtime.db import Database, Session
from shared.runtime.ids import NAMESPACE, uuid7
from shared.runtime.inbox.delivery import Item, items_of
from shared.runtime.outcomes import fingerprint
from shared.runtime.relay.receipts import receipt
from shared.runtime.settings import ServiceSettings

logger = logging.getLogger(__name__)

AT_ONCE: Final = 100
PARKED_S: Final = 3600
RETRY_EVERY_S: Final = 60
SEVERALLY: Final = frozenset({"unknown_task", "unprocessable"})
"""Reasons that say nothing against the messages of a delivery: each is filed for itself, and can be replayed."""

_PARK: Final = text("""
    INSERT INTO inbox AS known (id, name, lane, source, state, attempt, occurred_at, correlation_id, traceparent, body, due_at,
                                error_class, error)
    VALUES (:id, :name, :lane, :source, 4, 0, :occurred_at, :correlation_id, :traceparent, CAST(:body AS json),
            now() + make_interval(secs => :again_s), 'UnknownTask', :error)
    ON CONFLICT (id) DO UPDATE SET state = 4, due_at = excluded.due_at, error = excluded.error, attempt = 0
     WHERE known.state IN (3, 4)
    RETURNING received_at < now() - make_interval(secs => :parked_s) AS expired
""")
_DIE: Final = text("""
    INSERT INTO inbox (id, name, lane, source, state, occurred_at, correlation_id, traceparent, finished_at, error_class, error)
    VALUES (:id, :name, :lane, :source, 6, :occurred_at, :correlation_id, :traceparent, now(), 'Undeliverable', :error)
    ON CONFLICT (id) DO NOTHING RETURNING id
""")
_BURY: Final = text("""
    INSERT INTO dead_letters (id, message_id, reason, name, lane, source, body, error_class, error, fingerprint,
                              correlation_id, occurred_at)
    VALUES (:id, :message_id, :reason, :name, :lane, :source, :body, :error_class, :error, :fingerprint,
            :correlation_id, :occurred_at)
    -- The same entry filed twice is one letter; one that comes again after it was settled is open again.
    ON CONFLICT (id) DO UPDATE SET status = 'open', died_at = now() WHERE dead_letters.status <> 'open'
""")
_END: Final = text("UPDATE inbox SET state = 6, finished_at = now(), body = NULL, due_at = NULL WHERE id = :id")


async def file(database: Database, client: "redis.Redis", settings: ServiceSettings) -> int:
    """File what waits on the junk list. An entry is removed only after its rows are committed; twice filed is once filed."""
    key = broker.junk_key(settings.service)
    filed = 0
    while entries := await client.lrange(key, -AT_ONCE, -1):
        entry: Any
        for entry in reversed(entries):
            async with database.unit_of_work() as session:
                received = await _file_one(session, entry, settings)
            for source, ids in received.items():
                await client.lpush(broker.receipts_key(source), receipt(ids))
            await client.lrem(key, -1, entry)
            filed += 1
    return filed


async def _file_one(session: Session, entry: Any, settings: ServiceSettings) -> dict[str, list[str]]:
    try:
        junk = json.loads(entry)
        raw, reason, error, lane = (_storable(junk[key]) for key in ("raw", "reason", "error", "lane"))
        if raw is None or reason is None:
            raise ValueError("an entry has at least an envelope and a reason")
    except (ValueError, KeyError, TypeError, RecursionError):
        raw, reason, error, lane = (
            entry.decode("utf-8", "replace").replace("\x00", "\\u0000"),
            "bad_envelope",
            "the junk list held an entry of another kind",
            None,
        )
    name, items = _readable(raw)
    error = error or reason
    if reason not in SEVERALLY or name is None or lane is None or not items:
        await _bury_raw(session, raw, reason, error, name, lane)
    else:
        for item in items:
            await _file_item(session, _facts(item, name, lane), item, reason, error, settings)
    received: dict[str, list[str]] = {}
    for item in items:
        if item.source is not None:
            received.setdefault(item.source, []).append(str(item.id))
    return received


def _facts(item: Item, name: str, lane: str) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": name,
        "lane": lane,
        "source": item.source,
        "occurred_at": item.occurred_at,
        "correlation_id": item.trace.correlation_id,
        "traceparent": item.trace.traceparent,
    }


async def _file_item(
    session: Session, facts: dict[str, Any], item: Item, reason: str, error: str, settings: ServiceSettings
) -> None:
    """One message of a delivery: parked while its name is new, and buried for its own sake otherwise.

    One that the inbox knows already is left to the inbox.
    """
    if reason == "unknown_task":
        timing = {"again_s": settings.scaled(RETRY_EVERY_S), "parked_s": settings.scaled(PARKED_S)}
        row = (await session.execute(_PARK, {**facts, **timing, "body": item.text(), "error": error})).first()
        if row is None or not row.expired:
            return
        await session.execute(_END, {"id": item.id})
    elif (await session.execute(_DIE, {**facts, "error": error})).first() is None:
        return
    await _bury(session, uuid7(), facts | {"message_id": item.id}, item.text(), reason, error)


async def _bury_raw(session: Session, raw: str, reason: str, error: str, name: str | None, lane: str | None) -> None:
    now = system_clock()
    facts = {"message_id": None, "name": name, "lane": lane, "source": None, "occurred_at": now, "correlation_id": None}
    await _bury(session, uuid5(NAMESPACE, f"junk/{raw}"), facts, raw, reason, error)


async def _bury(session: Session, letter_id: UUID, facts: dict[str, Any], body: str, reason: str, error: str) -> None:
    bound = {key: facts[key] for key in ("message_id", "name", "lane", "source", "occurred_at", "correlation_id")}
    print_ = fingerprint(reason, facts["name"], "Undeliverable", error)
    await session.execute(
        _BURY,
        {
            **bound,
            "id": letter_id,
            "reason": reason,
            "body": body,
            "error_class": "Undeliverable",
            "error": error,
            "fingerprint": print_,
        },
    )


def _storable(value: Any) -> str | None:
    """A text as PostgreSQL can keep it; None for what is no text."""
    if not isinstance(value, str):
        return None
    return value.replace("\x00", "\\u0000").encode("utf-8", "backslashreplace").decode()


def _readable(raw: str) -> tuple[str | None, list[Item]]:
    """The task's name and the messages inside an envelope, as far as they can be read."""
    try:
        envelope = json.loads(raw)
        headers, body = envelope["headers"], envelope["body"]
        if envelope.get("properties", {}).get("body_encoding") == "base64":
            body = Base64().decode(body)
        args, kwargs, _ = json.loads(body)
        # Positional arguments have no names here, so that only the whole can be kept.
        items = [] if args else items_of(headers["id"], kwargs, headers.get("waybill"))
        return _storable(headers["task"]), items
    except Exception:  # noqa: BLE001  # whatever a stranger has pushed: it is kept whole, and that is all we owe it
        return None, []
