"""Queue truth: a lane's backlog is what all producers hold for it, what its consumer tries again, and what is in the broker."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from services.analytics.lanes.broker import InBroker
from services.analytics.lanes.schemas import QueueOut, QueuesOut, ServicePause, UnknownPart
from services.analytics.owners.answers import Answer
from shared.contracts.lanes import LANES, Lane
from shared.runtime.operations.lanes.schemas import LaneList, LaneView

PATH: Final = "/v1/operations/lanes"
RATE_OVER_S: Final = 300.0

Answers = Mapping[str, Answer[LaneList]]


def survey(
    answers: Answers, in_broker: InBroker | None, in_hand: Mapping[str, int], done: Mapping[str, int], at: datetime
) -> QueuesOut:
    """All lanes. in_hand: deliveries by lane. done: messages of the last five minutes by lane."""
    known = {service: {view.lane: view for view in answer.value.items} for service, answer in answers.items() if answer.value}
    away = [answer for answer in answers.values() if answer.value is None]
    items = []
    for lane in sorted(LANES.values(), key=lambda each: (-each.rank, each.name)):
        views = {service: lanes[lane.name] for service, lanes in known.items() if lane.name in lanes}
        items.append(_lane(lane, views, away, in_broker, in_hand.get(lane.name, 0), done.get(lane.name, 0)))
    return QueuesOut(at=at, is_complete=not away and in_broker is not None, items=items)


def backlog_of(queue: QueueOut) -> int:
    """What waits for a lane altogether, as far as it is known. A delivery in the broker counts as one message at least."""
    return (queue.waiting or 0) + (queue.in_broker or 0)


def _lane(
    lane: Lane,
    views: Mapping[str, LaneView],
    away: Collection[Answer[LaneList]],
    in_broker: InBroker | None,
    in_hand: int,
    done: int,
) -> QueueOut:
    owner = views.get(lane.owner)
    outbox = sum(view.outbox_waiting for view in views.values())
    waiting = outbox + owner.inbox_due if owner is not None else None
    unconfirmed = sum(view.outbox_unconfirmed for view in views.values())
    deliveries = in_broker.deliveries[lane.name] if in_broker else None
    per_s = done / RATE_OVER_S
    delayed = sum(view.outbox_later for view in views.values()) + (owner.inbox_waiting if owner is not None else 0)
    return QueueOut(
        lane=lane.name,
        owner=lane.owner,
        rank=lane.rank,
        is_complete=not away and in_broker is not None,
        waiting=waiting,
        in_broker=deliveries,
        unacknowledged=in_hand,
        unconfirmed=unconfirmed,
        leased=owner.inbox_leased if owner is not None else None,
        delayed=delayed,
        oldest_s=max((view.outbox_oldest_s for view in views.values() if view.outbox_oldest_s is not None), default=None),
        per_s=round(per_s, 3),
        # What our relays sent is both unconfirmed and in the broker; what a plain Celery client sent is in the broker alone.
        drain_s=_drain_s((waiting or 0) + max(unconfirmed, deliveries or 0), per_s),
        paused=[
            ServicePause(service=service, **view.paused.model_dump())
            for service, view in views.items()
            if view.paused is not None
        ],
        workers=len(in_broker.workers[lane.name]) if in_broker else None,
        slots=in_broker.slots[lane.name] if in_broker else None,
        unknown=[_unknown(answer, lane) for answer in away],
    )


def _drain_s(messages: int, per_s: float) -> float | None:
    if not messages:
        return 0.0
    return round(messages / per_s, 1) if per_s else None


def _unknown(answer: Answer[LaneList], lane: Lane) -> UnknownPart:
    """What is said of a part that does not answer: never zero, and how old what is known of it is."""
    last = next((view for view in answer.last.items if view.lane == lane.name), None) if answer.last else None
    waiting = None if last is None else last.outbox_waiting + (last.inbox_due if lane.owner == answer.service else 0)
    return UnknownPart(
        service=answer.service,
        problem=answer.problem or "it does not answer",
        last_waiting=waiting,
        last_at=answer.last_at if last is not None else None,
    )
