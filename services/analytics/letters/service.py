"""Dead letters of all services in one list; decisions about them are carried out by their owners."""

import asyncio
from typing import Any, Final
from uuid import UUID

from services.analytics.letters.schemas import (
    DiscardMany,
    LetterGroupsOut,
    LetterSettled,
    ReplayMany,
    ServiceGroup,
    ServiceSettled,
    SettledEverywhere,
    SilentOwner,
)
from services.analytics.owners.acting import Acting
from services.analytics.owners.errors import OwnerAway
from services.analytics.owners.service import Owners
from shared.contracts.lanes import SERVICES
from shared.runtime.http.pages import Page
from shared.runtime.operations.dead_letters.schemas import DeadLetterCounts, DeadLetterGroup, Edit, Settled

GROUPS: Final = "/v1/operations/dead-letters/groups?limit=200"
COUNTS: Final = "/v1/operations/dead-letters/counts"


class Letters:
    """Reads all services' letters, and asks owners to settle them in somebody's name."""

    def __init__(self, owners: Owners, acting: Acting) -> None:
        self._owners = owners
        self._acting = acting

    async def groups(self) -> LetterGroupsOut:
        """One line for all letters of a service that died of the same cause."""
        answers, counts = await asyncio.gather(
            self._owners.ask(GROUPS, Page[DeadLetterGroup]), self._owners.ask(COUNTS, DeadLetterCounts)
        )
        items = [
            ServiceGroup(service=service, **group.model_dump())
            for service, answer in answers.items()
            for group in (answer.value.items if answer.value else ())
        ]
        unknown = [
            SilentOwner(service=service, problem=answer.problem or "it does not answer")
            for service, answer in answers.items()
            if not answer.is_known
        ]
        has_more = any(answer.value is not None and answer.value.next_cursor for answer in answers.values())
        return LetterGroupsOut(
            open=sum(answer.value.open for answer in counts.values() if answer.value),
            is_complete=not unknown and not has_more,
            unknown=unknown,
            items=sorted(items, key=lambda one: (one.last_died_at, one.fingerprint), reverse=True),
        )

    async def replay(self, service: str, letter_id: UUID, note: str) -> LetterSettled:
        """Under the same message id. Raises NotKnown, OwnerRefused (replayed before, ...) and OwnerAway."""
        said = await self._acting.at(service, f"/dead-letters/{letter_id}/replay", {"note": note})
        return LetterSettled(letter_id=letter_id, status="replayed", message_id=said["message_id"])

    async def replay_edited(self, service: str, letter_id: UUID, edit: Edit) -> LetterSettled:
        """A mended copy, under a new id. Raises as `replay`; the owner says which field is wrong."""
        path = f"/dead-letters/{letter_id}/replay-edited"
        said = await self._acting.at(service, path, edit.model_dump(mode="json", exclude_none=True))
        return LetterSettled(letter_id=letter_id, status="replayed", message_id=said["message_id"])

    async def discard(self, service: str, letter_id: UUID, note: str) -> LetterSettled:
        """Close it for good. Raises as `replay`."""
        await self._acting.at(service, f"/dead-letters/{letter_id}/discard", {"note": note})
        return LetterSettled(letter_id=letter_id, status="discarded", message_id=None)

    async def replay_many(self, asked: ReplayMany) -> SettledEverywhere:
        """By filter, at a rate. Raises OwnerAway where no service has done it."""
        return await self._settle("/dead-letters/replay", asked)

    async def discard_many(self, asked: DiscardMany) -> SettledEverywhere:
        """By filter. Raises OwnerAway where no service has done it."""
        return await self._settle("/dead-letters/discard", asked)

    async def _settle(self, path: str, asked: ReplayMany | DiscardMany) -> SettledEverywhere:
        body: dict[str, Any] = asked.model_dump(mode="json", exclude={"services"}, exclude_none=True)
        parts = await self._acting.everywhere(path, body, asked.services or SERVICES)
        if all(part.error is not None for part in parts):
            raise OwnerAway("no service has done it: " + "; ".join(part.error.detail for part in parts if part.error))
        done = {part.service: Settled.model_validate(part.said) for part in parts if part.error is None}
        return SettledEverywhere(
            **{name: sum(getattr(one, name) for one in done.values()) for name in ("matched", "settled", "by_hand", "left")},
            is_complete=len(done) == len(parts),
            parts=[
                ServiceSettled(
                    service=part.service, settled=done.get(part.service), problem=part.error.detail if part.error else None
                )
                for part in parts
            ],
        )
