"""The hand on the task system: publishing any message, and what owners do on our word."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.analytics.owners.acting import Acting, Part
from services.analytics.owners.errors import OwnerAway
from services.analytics.task_control.errors import TaskUnusable, UnknownLane, UnknownTask
from services.analytics.task_control.schemas import (
    LONGEST,
    Control,
    Controlled,
    OnLane,
    OnMessage,
    OnPool,
    OnRate,
    OnUndo,
    OnWaiting,
    Scheduled,
    ScheduleIn,
    ServicePart,
)
from shared.contracts.lanes import LANES, Lane
from shared.contracts.message import Command, Message
from shared.contracts.registry import messages
from shared.runtime.http.validation import invalid_request
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.outbox import Publisher


class TaskScheduling:
    """Publishes through our own outbox, as every service does: the owner gets it on its lane, and fences and retries it."""

    def __init__(self, publisher: Publisher, audit: AuditLog, now: datetime) -> None:
        self._publisher = publisher
        self._audit = audit
        self._now = now

    async def schedule(self, asked: ScheduleIn) -> Scheduled:
        """Publish one message. Raises UnknownTask, TaskUnusable, and what says which field is wrong."""
        message_type = messages().get(asked.task_name)
        if message_type is None:
            raise UnknownTask(f"no contract is called {asked.task_name}; docs/asyncapi.json lists all of them")
        lane, due_at = self._lane(message_type, asked.lane), self._due_at(asked)
        message = _message(message_type, _fields(message_type, asked))
        message_id = self._publisher.publish(message, lane=lane, due_at=due_at)
        reached = (
            [lane] if lane else list(message_type.contract.lanes[:1] if isinstance(message, Command) else message.contract.lanes)
        )
        names = [one.name for one in reached]
        await self._audit.write(
            "task.schedule", str(message_id), asked.reason, name=asked.task_name, lanes=names, due_at=due_at.isoformat()
        )
        return Scheduled(message_id=message_id, task_name=asked.task_name, lanes=names, due_at=due_at)

    def _due_at(self, asked: ScheduleIn) -> datetime:
        if asked.countdown is not None and asked.due_at is not None:
            raise TaskUnusable("both countdown and due_at are given; give the one that you mean")
        if asked.due_at is not None and asked.due_at - self._now > LONGEST:
            raise TaskUnusable(f"due_at lies more than {LONGEST.days} days ahead; name an earlier moment")
        return asked.due_at or self._now + timedelta(seconds=asked.countdown or 0)

    def _lane(self, message_type: type[Message], name: str | None) -> Lane | None:
        if name is None:
            return None
        own = {lane.name: lane for lane in message_type.contract.lanes}
        if not issubclass(message_type, Command):
            raise TaskUnusable(f"{message_type.contract.name} is an event and goes to all its subscribers; leave lane out")
        if name not in own:
            raise TaskUnusable(f"{message_type.contract.name} does not travel on {name}; its lanes are {', '.join(own)}")
        return own[name]


class TaskControl:
    """Changes that owners carry out; each audits who is behind it."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    async def carry_out(self, asked: Control) -> Controlled:
        """Raises UnknownLane, NotKnown, OwnerRefused and OwnerAway; then nothing has changed."""
        why = {"reason": asked.reason}
        match asked:
            case OnMessage():
                verb = "retry" if asked.action == "retry" else "cancel"
                return _told(asked.action, await self._acting.wherever(f"/messages/{asked.message_id}/{verb}", why))
            case OnUndo():
                return _told(asked.action, await self._acting.wherever(f"/undo/{asked.undo_id}", why))
            case OnLane():
                return await self._everywhere(asked.action, asked.lane, why)
            case OnRate():
                return await self._everywhere(asked.action, asked.lane, {**why, "per_s": asked.per_s}, "rate-limit")
            case OnPool():
                owner, body = _lane(asked.lane).owner, {**why, "size": asked.size}
                said = await self._acting.at(owner, f"/lanes/{asked.lane}/pool-size", body)
                return _told(asked.action, [Part(owner, said=said)])
            case OnWaiting():
                return await self._everywhere(asked.action, asked.lane, {**why, "dry_run": asked.dry_run})

    async def _everywhere(self, action: str, lane: str, body: dict[str, Any], verb: str | None = None) -> Controlled:
        parts = await self._acting.everywhere(f"/lanes/{_lane(lane).name}/{verb or action}", body)
        if all(part.error is not None for part in parts):
            raise OwnerAway("no service has done it: " + "; ".join(part.error.detail for part in parts if part.error))
        return _told(action, parts)


def _lane(name: str) -> Lane:
    if name not in LANES:
        raise UnknownLane(f"no service of ours has a lane called {name}; the lanes are {', '.join(LANES)}")
    return LANES[name]


def _told(action: str, parts: list[Part]) -> Controlled:
    said = [
        ServicePart(service=part.service, problem=part.error.detail if part.error else None, **_figures(part.said))
        for part in parts
    ]
    return Controlled(action=action, is_complete=all(part.error is None for part in parts), parts=said)


def _figures(said: Any) -> dict[str, Any]:
    given = said if isinstance(said, dict) else {}
    undo_id = given.get("undo_id")
    found: dict[str, Any] = {name: given[name] for name in ("outbox", "inbox", "left") if name in given}
    return {**found, "undo_id": UUID(undo_id) if undo_id else None}


def _fields(message_type: type[Message], asked: ScheduleIn) -> dict[str, Any]:
    names = list(message_type.model_fields)
    if len(asked.args) > len(names):
        raise TaskUnusable(f"{asked.task_name} has {len(names)} fields, and {len(asked.args)} args are given: {', '.join(names)}")
    positional = dict(zip(names, asked.args, strict=False))
    if twice := sorted(positional.keys() & asked.kwargs.keys()):
        raise TaskUnusable(f"{', '.join(twice)} is given both by position and by name")
    # Consumers pass over what they do not know; a person who schedules by hand has mistyped it.
    if unknown := sorted(asked.kwargs.keys() - set(names)):
        raise TaskUnusable(f"{asked.task_name} has no field {', '.join(unknown)}; its fields are {', '.join(names)}")
    return positional | asked.kwargs


def _message(message_type: type[Message], fields: dict[str, Any]) -> Message:
    try:
        return message_type.model_validate(fields)
    except ValidationError as error:
        raise invalid_request([{**each, "loc": ("body", "kwargs", *each["loc"])} for each in error.errors()]) from None
