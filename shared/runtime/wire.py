"""Messages on the wire: Celery protocol 2 with a JSON body, as kombu's Redis transport lays it into a list.

Single: the kwargs are the fields and the Celery task id is the message id.
Batch: the same task name, `kwargs={"batch": [{id, source, occurred_at, attempt, correlation_id, traceparent, body}, …]}`,
a task id of its own. What a single's kwargs cannot say stands in the header `waybill`, which a batch has, too.

Envelopes are written as bytes here instead of through Celery's producer, which would cost most of the relay's time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from shared.contracts.message import MAX_BATCH_BYTES
from shared.runtime.ids import uuid7

HEADER: Final = "waybill"
_EMBED: Final = orjson.Fragment(b'{"callbacks":null,"errbacks":null,"chain":null,"chord":null}')


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way from a table to a lane. `body` is its JSON text. due_at: before then it was not to be sent."""

    id: UUID
    name: str
    lane: str
    source: str | None
    occurred_at: datetime
    attempt: int
    correlation_id: str
    traceparent: str
    body: str
    isolate: bool = False
    due_at: datetime | None = None


class Envelope(NamedTuple):
    """One delivery: what is pushed, and the parcels in it."""

    lane: str
    data: bytes
    parcels: Sequence[Parcel]


def envelopes(parcels: Iterable[Parcel], max_batch: dict[str, int]) -> Iterator[Envelope]:
    """Every delivery: parcels of one lane and name travel together, isolated ones alone and after the others.

    max_batch: how many messages of a name may share a delivery; 1 for a name that is not in it.
    """
    groups: dict[tuple[str, str], list[Parcel]] = {}
    isolated: list[Parcel] = []
    for parcel in parcels:
        if parcel.isolate:
            isolated.append(parcel)
        else:
            groups.setdefault((parcel.lane, parcel.name), []).append(parcel)
    for (lane, name), group in groups.items():
        for batch in _cut(group, max_batch.get(name, 1)):
            yield Envelope(lane, _alone(batch[0]) if len(batch) == 1 else _batch(lane, name, batch), batch)
    for parcel in isolated:
        yield Envelope(parcel.lane, _alone(parcel), [parcel])


def _cut(group: Sequence[Parcel], at_most: int) -> Iterator[list[Parcel]]:
    batch: list[Parcel] = []
    size = 0
    for parcel in group:
        # 400 bytes are a generous bound on an item's other fields; characters may take up to four bytes.
        length = len(parcel.body) * (1 if parcel.body.isascii() else 4) + 400
        if batch and (len(batch) == at_most or size + length > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(parcel)
        size += length
    if batch:
        yield batch


def _alone(parcel: Parcel) -> bytes:
    # Celery takes nothing but an object for kwargs; what never was a payload goes to its refusal in a batch.
    if not parcel.body.lstrip().startswith("{"):
        return _batch(parcel.lane, parcel.name, [parcel], isolate=parcel.isolate)
    meta = {**_facts(parcel), "isolate": parcel.isolate}
    return _envelope(parcel.lane, parcel.name, str(parcel.id), orjson.Fragment(parcel.body), meta)


def _batch(lane: str, name: str, parcels: Sequence[Parcel], *, isolate: bool = False) -> bytes:
    items = [{"id": str(parcel.id), **_facts(parcel), "body": orjson.Fragment(parcel.body)} for parcel in parcels]
    return _envelope(lane, name, str(uuid7()), {"batch": items}, {"batch": len(items), "isolate": isolate})


def _facts(parcel: Parcel) -> dict[str, Any]:
    # How long a message has waited is counted from then on.
    is_later = parcel.due_at is not None and parcel.due_at > parcel.occurred_at
    return {
        **({"due_at": parcel.due_at.astimezone(UTC).isoformat()} if is_later and parcel.due_at is not None else {}),
        "source": parcel.source,
        "occurred_at": parcel.occurred_at.astimezone(UTC).isoformat(),
        "attempt": parcel.attempt,
        "correlation_id": parcel.correlation_id,
        "traceparent": parcel.traceparent,
    }


def _envelope(lane: str, name: str, task_id: str, kwargs: Any, meta: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "body": orjson.dumps([[], kwargs, _EMBED]).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {
                "lang": "py",
                "task": name,
                "id": task_id,
                "shadow": None,
                "eta": None,
                "expires": None,
                "group": None,
                "group_index": None,
                "retries": 0,
                "timelimit": [None, None],
                "root_id": task_id,
                "parent_id": None,
                # Task arguments never appear in events or logs.
                "argsrepr": "()",
                "kwargsrepr": "{…}",
                "origin": HEADER,
                "ignore_result": True,
                "replaced_task_nesting": 0,
                "stamped_headers": None,
                "stamps": {},
                HEADER: meta,
            },
            "properties": {
                "correlation_id": task_id,
                "reply_to": "",
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": lane},
                "priority": 0,
                "delivery_tag": str(uuid7()),
            },
        }
    )
