"""The AsyncAPI 3 description of the message system, generated from the registry into `docs/asyncapi.json`.

Channels are lanes, operations say which service sends and receives what on them, and messages carry the schema that
consumers accept and the newest golden sample. Nobody edits the document: `python -m shared.contracts write` renews it.
AsyncAPI has no binding for Celery, so the envelope is described by a message trait. Source: https://www.asyncapi.com/docs/reference/specification/v3.1.0
"""

from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from shared.contracts.documents import FOLDER, Registry, samples_of
from shared.contracts.lanes import LANES, SERVICES, Lane
from shared.contracts.message import MAX_BATCH_BYTES, MAX_BODY_BYTES, Event, Message

FILE: Final = FOLDER.parents[1] / "docs" / "asyncapi.json"

_Node = dict[str, Any]

_DESCRIPTION: Final = f"""\
Five services meet through named tasks over one Redis broker. A channel is a Celery queue, a message is a task.

The payload stands in the kwargs of a Celery protocol 2 message with a JSON body, and the task id is the message id, so that
any Celery client can send one: `app.send_task(name, kwargs=payload, queue=address)`. At most {MAX_BODY_BYTES // 1024} KB travel.

Services coalesce what waits for the same message: then the kwargs are `{{"batch": [...]}}` with at most `x-max-batch` items of
`{{id, source, occurred_at, attempt, correlation_id, traceparent, body}}` and at most {MAX_BATCH_BYTES // 1024} KB in all.

Consumers ignore fields that they do not know."""

_HEADERS: Final[_Node] = {
    "type": "object",
    "required": ["lang", "task", "id"],
    "properties": {
        "lang": {"type": "string", "description": "The sender's language.", "examples": ["py"]},
        "task": {"type": "string", "description": "The message's name."},
        "id": {"type": "string", "description": "The message id; for a batch the id of the delivery."},
        "root_id": {
            "type": ["string", "null"],
            "description": "Celery's id of the first task of a workflow; here the id itself.",
        },
        "retries": {"type": "integer", "description": "Always 0: attempts are counted by the consumer's inbox."},
        "argsrepr": {"type": "string", "description": "Says nothing: arguments never appear in events or logs."},
        "kwargsrepr": {"type": "string", "description": "Says nothing, as argsrepr."},
        "waybill": {
            "type": "object",
            "description": "What the kwargs of a single message cannot say. Missing where a plain Celery client sends.",
            "properties": {
                "batch": {"type": "integer", "description": "How many messages the delivery carries; missing on a single one."},
                "isolate": {"type": "boolean", "description": "Handle it alone: it may be what ended a worker."},
                "source": {"type": ["string", "null"], "description": "The service that sent it and expects a receipt."},
                "occurred_at": {"type": "string", "format": "date-time", "description": "When it was published."},
                "attempt": {"type": "integer", "minimum": 1},
                "correlation_id": {"type": "string", "description": "Follows a request through all that it causes."},
                "traceparent": {"type": "string", "description": "W3C Trace Context."},
            },
        },
    },
}


def document(registry: Registry, folder: Path = FOLDER) -> _Node:
    """The whole AsyncAPI document as JSON values."""
    models = [(message, "validation") for message in registry.values()]
    refs, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type] # pydantic's Literal
    return {
        "asyncapi": "3.1.0",
        "info": {"title": "Waybill messages", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "redis",
                "description": "Redis or Valkey. It is disposable: what must not be lost waits in PostgreSQL.",
                "variables": {"host": {"default": "localhost"}, "port": {"default": "6379"}},
            }
        },
        "channels": {lane.name: _channel(lane, registry) for lane in LANES.values()},
        "operations": _operations(registry),
        "components": {
            "messages": {
                name: _message(message, refs[message, "validation"], samples_of(name, folder))
                for name, message in registry.items()
            },
            "messageTraits": {
                "celery": {
                    "contentType": "application/json",
                    "headers": _HEADERS,
                    "correlationId": {"location": "$message.header#/waybill/correlation_id"},
                }
            },
            "schemas": definitions.get("$defs", {}),
        },
    }


def _on(lane: Lane, registry: Registry) -> list[str]:
    return [name for name, message in registry.items() if lane in message.contract.lanes]


def _channel(lane: Lane, registry: Registry) -> _Node:
    return {
        "address": lane.name,
        "title": lane.name,
        "description": f"Rank {lane.rank}. Consumed by {lane.owner} alone; one delivery may take {lane.hard_limit_s} seconds.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _on(lane, registry)},
        "tags": [{"name": lane.owner}],
        "x-rank": lane.rank,
        "x-hard-limit-s": lane.hard_limit_s,
    }


def _message(message: type[Message], payload: _Node, samples: list[_Node]) -> _Node:
    contract = message.contract
    summary, _, rest = (message.__doc__ or contract.name).partition("\n")
    kind = "event" if issubclass(message, Event) else "command"
    return {
        "name": contract.name,
        "title": message.__name__,
        "summary": summary.strip(),
        **({"description": rest.strip()} if rest.strip() else {}),
        "payload": payload,
        "traits": [{"$ref": "#/components/messageTraits/celery"}],
        "examples": [{"name": "newest golden sample", "payload": sample} for sample in samples[-1:]],
        "tags": [{"name": contract.owner}, {"name": kind}],
        "x-max-batch": contract.max_batch,
        "x-retry": contract.retry.model_dump(mode="json"),
        **({"x-answer-kept-s": contract.answer.keep_s, "x-answer-cached-s": contract.answer.cache_s} if contract.answer else {}),
    }


def _operations(registry: Registry) -> _Node:
    """Receiving: a lane's owner. Sending: an event's owner, and for a command whoever wants it done."""
    found: _Node = {}
    for lane in LANES.values():
        names = _on(lane, registry)
        if not names:
            continue
        found[f"{lane.owner}.receive.{lane.name}"] = _operation(lane, "receive", lane.owner, names)
        commands = [name for name in names if not issubclass(registry[name], Event)]
        if commands:
            found[f"anybody.send.{lane.name}"] = _operation(lane, "send", "anybody", commands)
        for service in SERVICES:
            events = [name for name in names if issubclass(registry[name], Event) and registry[name].contract.owner == service]
            if events:
                found[f"{service}.send.{lane.name}"] = _operation(lane, "send", service, events)
    return found


def _operation(lane: Lane, action: str, service: str, names: list[str]) -> _Node:
    channel = f"#/channels/{lane.name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": f"{service} {action}s on {lane.name}.",
        "tags": [{"name": service}],
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in names],
    }
