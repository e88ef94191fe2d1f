"""Dead letters: list, group, read, replay, mend, discard."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from shared.contracts.lanes import lanes_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.audit.repository import AuditLog
from shared.runtime.operations.auth import Actor, WithBody
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
    DeadLetter,
    DeadLetterCounts,
    DeadLetterGroup,
    Discard,
    Edit,
    Note,
    Replay,
    Replayed,
    Settled,
    Status,
)
from shared.runtime.operations.dead_letters.service import DeadLetterOperations, count
from shared.runtime.operations.parameters import NameFilter
from shared.runtime.operations.schemas import Moment

reads, changes = APIRouter(), APIRouter()

LetterId = Annotated[UUID, Path(description="The dead letter's id.")]


async def _lanes(request: Request) -> list[str]:
    return [lane.name for lane in lanes_of(runtime_of(request).settings.service)]


OwnLanes = Annotated[list[str], Depends(_lanes)]


async def _letters(db: ReadDb, lanes: OwnLanes) -> DeadLetterRepository:
    return DeadLetterRepository(db, lanes)


async def _operations(db: WriteDb, lanes: OwnLanes, actor: Actor, request: Request) -> DeadLetterOperations:
    return DeadLetterOperations(DeadLetterControl(db, lanes), AuditLog(db, actor), runtime_of(request).settings.service)


async def _filter(
    status: Annotated[Status, Query(description="Open ones still want a decision.")] = "open",
    reason: Annotated[str | None, Query(max_length=100, description="Only those that died of this.")] = None,
    name: NameFilter = None,
    fingerprint: Annotated[str | None, Query(max_length=100, description="Only this group.")] = None,
    since: Annotated[Moment | None, Query(description="Died at this moment or later.")] = None,
) -> LetterFilter:
    return LetterFilter(status, reason, name, fingerprint, since)


Letters = Annotated[DeadLetterRepository, Depends(_letters)]
Operations = Annotated[DeadLetterOperations, Depends(_operations)]
Filter = Annotated[LetterFilter, Depends(_filter)]


@reads.get("/dead-letters", summary="List dead letters")
async def list_dead_letters(letters: Letters, wanted: Filter, paging: Paging) -> Page[DeadLetter]:
    """The newest first, without payloads."""
    rows = await letters.newest(wanted, before=paging.after, limit=paging.fetch)
    return paging.page(rows, DeadLetter, key=lambda row: (row.died_at, row.id))


@reads.get("/dead-letters/groups", summary="Group dead letters by cause")
async def group_dead_letters(letters: Letters, wanted: Filter, paging: Paging) -> Page[DeadLetterGroup]:
    """One line for all letters that died of the same cause; numbers, ids and quoted values in the error do not count."""
    rows = await letters.groups(wanted, before=paging.after, limit=paging.fetch)
    return paging.page(rows, DeadLetterGroup, key=lambda row: (row.last_died_at, row.fingerprint))


@reads.get("/dead-letters/counts", summary="Count open dead letters by task")
async def count_dead_letters(letters: Letters) -> DeadLetterCounts:
    """All of them, however many causes there are."""
    return await count(letters)


@reads.get("/dead-letters/{letter_id:uuid}", summary="Read a dead letter", responses=problems(DeadLetterNotFound))
async def get_dead_letter(letter_id: LetterId, letters: Letters, with_body: WithBody) -> DeadLetter:
    """With its payload where that is asked for."""
    row = await letters.find(letter_id, with_body=with_body)
    if row is None:
        raise DeadLetterNotFound("this service has no such dead letter; /dead-letters lists those that there are")
    return DeadLetter.model_validate(row)


@changes.post(
    "/dead-letters/{letter_id:uuid}/replay",
    summary="Replay a dead letter",
    responses=problems(DeadLetterNotFound, DeadLetterSettled, DeadLetterNeedsEditing, MessageNotDead),
)
async def replay_dead_letter(letter_id: LetterId, body: Note, operations: Operations) -> Replayed:
    """Under the same message id, at once, with all attempts before it: an effect that it has had already is not repeated."""
    return await operations.replay(letter_id, body.note)


@changes.post(
    "/dead-letters/{letter_id:uuid}/replay-edited",
    summary="Replay a dead letter with another payload",
    responses=problems(DeadLetterNotFound, DeadLetterSettled, UnknownContract, PayloadTooLarge),
)
async def replay_dead_letter_edited(letter_id: LetterId, body: Edit, operations: Operations) -> Replayed:
    """Under a new message id, which remembers the old one. An effect that the old message has had is NOT known to the new one."""
    return await operations.replay_edited(letter_id, body)


@changes.post(
    "/dead-letters/{letter_id:uuid}/discard",
    summary="Discard a dead letter",
    status_code=204,
    responses=problems(DeadLetterNotFound, DeadLetterSettled),
)
async def discard_dead_letter(letter_id: LetterId, body: Note, operations: Operations) -> None:
    """It is closed, and kept with the note for 180 days."""
    await operations.discard(letter_id, body.note)


@changes.post("/dead-letters/replay", summary="Replay many dead letters")
async def replay_dead_letters(body: Replay, operations: Operations) -> Settled:
    """The oldest first, at a rate. Ask with dry_run first."""
    return await operations.replay_many(body)


@changes.post("/dead-letters/discard", summary="Discard many dead letters")
async def discard_dead_letters(body: Discard, operations: Operations) -> Settled:
    """Ask with dry_run first."""
    return await operations.discard_many(body)
