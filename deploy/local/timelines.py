"""Timelines of deliveries, as the notifications service tells them, for people and for JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

_ALMOST_A_SECOND: Final = timedelta(microseconds=999_999)
_AT_ONCE: Final = ("processed", "sent", "deferred", "delivered")
"""Events that providers date to the same second, in the order in which they can only have happened."""


@dataclass(frozen=True)
class Step:
    """One moment of a delivery.

    at: RFC 3339. what: `attempt 1`, or the kind of an event: `delivered`, `skipped`. status: an attempt's verdict; of an event
    what it says in words. latency_ms: of an attempt.
    """

    at: str
    what: str
    provider: str
    code: str
    latency_ms: int | None
    status: str


@dataclass(frozen=True)
class Timeline:
    """One message to one recipient. task: what asked for it. standing: how it ended, `sent by smtp`."""

    task: str
    delivery_id: str
    channel: str
    recipient: str
    standing: str
    steps: tuple[Step, ...]


def timeline_of(task: str, delivery: Mapping[str, Any]) -> Timeline:
    """delivery: as `GET /v1/deliveries/{id}` answers."""
    steps = [*map(_attempt, delivery["timeline"]), *map(_event, delivery["events"])]
    if delivery["cancelled_at"] is not None:
        cancellation = delivery["cancellation"] or {}
        words = f"by {cancellation.get('cancelled_by', 'somebody')}: {cancellation.get('reason', '')}"
        steps.append(Step(delivery["cancelled_at"], "cancelled", "", "", None, words))
    return Timeline(
        task=task,
        delivery_id=delivery["id"],
        channel=delivery["channel"],
        recipient=delivery["to_address"] or delivery["to_person"] or "",
        standing=standing_of(delivery),
        steps=tuple(sorted(steps, key=_moment)),
    )


def standing_of(delivery: Mapping[str, Any]) -> str:
    """How a delivery stands, in words: `sent by sendgrid, delivered`, `dropped: suppressed`, `failed: bad_recipient`."""
    provider, receipt, reason = delivery["provider"], delivery["receipt"], delivery["reason"]
    if delivery["status"] == "sent":
        return "sent" + (f" by {provider}" if provider else "") + (f", {receipt}" if receipt else "")
    return str(delivery["status"]) + (f": {reason}" if reason else "")


def _moment(step: Step) -> tuple[datetime, int]:
    """When a step was. Some providers tell whole seconds, and mean a moment within them: after the attempt that it follows."""
    at = datetime.fromisoformat(step.at)
    rank = _AT_ONCE.index(step.what) if step.what in _AT_ONCE else len(_AT_ONCE)
    return (at if at.microsecond or step.what.startswith("attempt") else at + _ALMOST_A_SECOND, rank)


def _attempt(attempt: Mapping[str, Any]) -> Step:
    code = " ".join(str(part) for part in (attempt["code"], attempt["enhanced_code"]) if part is not None)
    refused = attempt["outcome"] not in (None, "accepted")
    words = f"{attempt['outcome'] or 'under way'}" + (f": {attempt['detail']}" if refused and attempt["detail"] else "")
    return Step(attempt["started_at"], f"attempt {attempt['number']}", attempt["provider"], code, attempt["latency_ms"], words)


def _event(event: Mapping[str, Any]) -> Step:
    return Step(event["occurred_at"], event["kind"], event["provider"] or "", event["code"] or "", None, event["detail"] or "")
