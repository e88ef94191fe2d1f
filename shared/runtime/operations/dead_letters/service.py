"""Settling dead letters: replay, replay with an edited payload, discard; one, or many at a rate."""

import json
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.message import MAX_BODY_BYTES, Message
from shared.contracts.registry import consumed_by
from shared.runtime.http.validation import invalid_request
from shared.runtime.ids import uuid7
from shared.runtime.inbox.payload_problems import problems_of
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.dead_letters.errors import (
    DeadLetterNeedsEditing,
    DeadLetterNotFound,
    DeadLetterSettled,
    MessageNotDead,
    PayloadTooLarge,
    UnknownContract,
)
from shared.runtime.operations.dead_letters.repository import DeadLetterControl, DeadLetterRepository, LetterFilter
from shared.runtime.operations.dead_letters.schemas import (
    DeadLetterCount,
    DeadLetterCounts,
    Discard,
    Edit,
    Replay,
    Replayed,
    Selection,
    Settled,
)
from shared.runtime.operations.tables import AnyRow

MOST_SUBJECTS: Final = 200


async def count(letters: DeadLetterRepository) -> DeadLetterCounts:
    """What all open letters were to be."""
    rows = await letters.counts(MOST_SUBJECTS)
    items = [DeadLetterCount(subject=row.subject, letters=row.letters) for row in rows]
    everything = int(rows[0].everything) if rows else 0
    return DeadLetterCounts(open=everything, items=items, others=everything - sum(one.letters for one in items))


class DeadLetterOperations:
    """Changes by one operator in one unit of work."""

    def __init__(self, letters: DeadLetterControl, audit: AuditLog, service: str) -> None:
        self._letters = letters
        self._audit = audit
        self._consumed = consumed_by(service)
        self._service = service

    async def replay(self, letter_id: UUID, note: str) -> Replayed:
        """Send a letter's message again under its own id, so that an effect that it has had is not repeated."""
        letter = await self._open(letter_id)
        lanes = {lane.name for _, own in self._consumed.values() for lane in own}
        if letter.message_id is None or letter.name is None or letter.lane not in lanes:
            raise DeadLetterNeedsEditing(
                "it does not say which message it was, or for which lane of this service: read its body and use replay-edited"
            )
        if not await self._letters.revive([letter.id], rate=1):
            raise MessageNotDead("its message is not dead: look at its story before you do anything with this letter")
        await self._letters.settle([letter.id], "replayed", self._audit.actor, note)
        await self._audit.write("dead_letter.replay", str(letter.id), note, message_id=str(letter.message_id))
        return Replayed(letter_id=letter.id, message_id=letter.message_id)

    async def replay_edited(self, letter_id: UUID, edit: Edit) -> Replayed:
        """Send a mended copy of a letter's message under a new id. The message that died stays dead."""
        letter = await self._open(letter_id)
        message_type, lane = self._address(edit.name or letter.name, edit.lane, letter.lane)
        body = _validated(message_type, edit.body)
        message_id, name = uuid7(), message_type.contract.name
        await self._letters.send_edited(letter.id, message_id=message_id, name=name, lane=lane, body=body)
        await self._letters.settle([letter.id], "replayed", self._audit.actor, edit.note, replayed_as=message_id)
        changed = _changed(letter.body, body)
        await self._audit.write(
            "dead_letter.replay_edited", str(letter.id), edit.note, message_id=str(message_id), changed=changed
        )
        return Replayed(letter_id=letter.id, message_id=message_id)

    async def discard(self, letter_id: UUID, note: str) -> None:
        """Close a letter for good; it stays in the table with the note."""
        letter = await self._open(letter_id)
        await self._letters.settle([letter.id], "discarded", self._audit.actor, note)
        await self._audit.write("dead_letter.discard", str(letter.id), note)

    async def replay_many(self, replay: Replay) -> Settled:
        """Replay the oldest of a selection, spread over time by the rate."""
        wanted = _filter(replay)
        matched, by_hand = await self._letters.count(wanted)
        if replay.dry_run:
            return Settled(matched=matched, settled=0, by_hand=by_hand, left=matched)
        revived = await self._letters.revive(await self._letters.choose(wanted, replayable=True), rate=replay.rate)
        ids = await self._letters.of_messages(list(revived))
        settled = await self._letters.settle(ids, "replayed", self._audit.actor, replay.note)
        await self._audit.write("dead_letters.replay", "selection", replay.note, **_extent(replay, settled), rate=replay.rate)
        last = max(revived.values(), default=None)
        return Settled(matched=matched, settled=settled, by_hand=by_hand, left=matched - settled, last_due_at=last)

    async def discard_many(self, discard: Discard) -> Settled:
        """Discard the oldest of a selection."""
        wanted = _filter(discard)
        matched, by_hand = await self._letters.count(wanted)
        if discard.dry_run:
            return Settled(matched=matched, settled=0, by_hand=by_hand, left=matched)
        ids = await self._letters.choose(wanted, replayable=False)
        settled = await self._letters.settle(ids, "discarded", self._audit.actor, discard.note)
        await self._audit.write("dead_letters.discard", "selection", discard.note, **_extent(discard, settled))
        return Settled(matched=matched, settled=settled, by_hand=by_hand, left=matched - settled)

    async def _open(self, letter_id: UUID) -> AnyRow:
        letter = await self._letters.lock(letter_id)
        if letter is None:
            raise DeadLetterNotFound("this service has no such dead letter; /dead-letters lists those that there are")
        if letter.status != "open":
            when = f"{letter.settled_at:%Y-%m-%d %H:%M:%S} UTC"
            raise DeadLetterSettled(f"it was {letter.status} by {letter.settled_by} at {when}; nothing is left to do with it")
        return letter

    def _address(self, name: str | None, lane: str | None, old_lane: str | None) -> tuple[type[Message], str]:
        """The contract, and the lane on which its copy goes: the one asked for, else the old one, else the first."""
        if name is None or name not in self._consumed:
            known = ", ".join(self._consumed) or "none"
            raise UnknownContract(f"give the name of a message that {self._service} carries out: {known}")
        message_type, lanes = self._consumed[name]
        own = [each.name for each in lanes]
        if lane is not None and lane not in own:
            raise UnknownContract(f"{name} reaches {self._service} on {', '.join(own)} only; give one of these as lane, or none")
        return message_type, lane or (old_lane if old_lane in own else own[0])


def _validated(message_type: type[Message], body: dict[str, Any]) -> str:
    try:
        text = message_type.model_validate(body).model_dump_json()
    except ValidationError as error:
        raise invalid_request([{**each, "loc": ("body", "body", *each["loc"])} for each in problems_of(error)]) from None
    size = len(text.encode())
    if size > MAX_BODY_BYTES:
        raise PayloadTooLarge(
            f"the payload has {size} bytes, at most {MAX_BODY_BYTES} travel; send an id in place of the content"
        )
    return text


def _changed(old: str, new: str) -> list[str]:
    """The names of the fields that an edit changed. Their values stay out of the audit: they may be personal."""
    after = json.loads(new)
    try:
        before = json.loads(old)
    except ValueError:
        before = None
    if not isinstance(before, dict):
        return sorted(after)
    return sorted(field for field in after if field not in before or before[field] != after[field])


def _filter(selection: Selection) -> LetterFilter:
    return LetterFilter("open", selection.reason, selection.name, selection.fingerprint, selection.since)


def _extent(selection: Selection, settled: int) -> dict[str, Any]:
    filters = selection.model_dump(mode="json", include={"reason", "name", "fingerprint", "since"}, exclude_none=True)
    return {"filter": filters, "settled": settled}
