"""Outbox, inbox, one message's story; cancel, retry, undo."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query

from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb, WriteDb
from shared.runtime.operations.audit.repository import AuditLog, AuditRepository
from shared.runtime.operations.auth import Actor, WithBody
from shared.runtime.operations.messages import service
from shared.runtime.operations.messages.errors import MessageNotFound, MessageNotWaiting, NothingToUndo, UndoNotFound
from shared.runtime.operations.messages.repository import MessageControl, MessageFilter, MessageRepository
from shared.runtime.operations.messages.schemas import (
    INBOX_WORDS,
    OUTBOX_WORDS,
    InboxRow,
    InboxWord,
    MessageStory,
    OutboxRow,
    OutboxWord,
    Touched,
)
from shared.runtime.operations.messages.service import MessageOperations
from shared.runtime.operations.parameters import LaneFilter, NameFilter
from shared.runtime.operations.schemas import Why

reads, changes = APIRouter(), APIRouter()

MessageId = Annotated[UUID, Path(description="The message id: the Celery task id, for a single; or an event's id.")]
UndoId = Annotated[UUID, Path(description="From the answer to the change.")]
OutboxState = Annotated[OutboxWord | None, Query(description="Only rows in this state.")]
InboxState = Annotated[InboxWord | None, Query(description="Only rows in this state.")]


async def _operations(db: WriteDb, actor: Actor) -> MessageOperations:
    return MessageOperations(MessageRepository(db), MessageControl(db), AuditRepository(db), AuditLog(db, actor))


Operations = Annotated[MessageOperations, Depends(_operations)]


@reads.get("/outbox", summary="List what this service sends")
async def list_outbox(
    db: ReadDb, paging: Paging, lane: LaneFilter = None, name: NameFilter = None, state: OutboxState = None
) -> Page[OutboxRow]:
    """What its consumer has not confirmed yet, and what is cancelled; the newest first, without payloads."""
    wanted = MessageFilter(lane, name, OUTBOX_WORDS.index(state) if state else None)
    before = UUID(str(paging.after[0])) if paging.after else None
    rows = await MessageRepository(db).outbox(wanted, before=before, limit=paging.fetch)
    return paging.page(rows, OutboxRow, key=lambda row: (row.id,))


@reads.get("/inbox", summary="List what this service has received")
async def list_inbox(
    db: ReadDb, paging: Paging, lane: LaneFilter = None, name: NameFilter = None, state: InboxState = None
) -> Page[InboxRow]:
    """What is done is kept for 30 days; the newest first, without payloads."""
    wanted = MessageFilter(lane, name, INBOX_WORDS.index(state) if state else None)
    before = UUID(str(paging.after[0])) if paging.after else None
    rows = await MessageRepository(db).inbox(wanted, before=before, limit=paging.fetch)
    return paging.page(rows, InboxRow, key=lambda row: (row.id,))


@reads.get("/messages/{message_id}", summary="Tell a message's story", responses=problems(MessageNotFound))
async def get_message(message_id: MessageId, db: ReadDb, with_body: WithBody) -> MessageStory:
    """All that this service knows of it: its sending, its attempts, its deaths, and what operators did."""
    return await service.tell(MessageRepository(db), AuditRepository(db), message_id, with_body=with_body)


@changes.post(
    "/messages/{message_id}/cancel", summary="Cancel a message that waits", responses=problems(MessageNotFound, MessageNotWaiting)
)
async def cancel_message(message_id: MessageId, why: Why, operations: Operations) -> Touched:
    """It is not carried out, unless the change is undone. What has been sent before is cancelled at its consumer."""
    return await operations.cancel(message_id, why.reason)


@changes.post(
    "/messages/{message_id}/retry", summary="Make a message due now", responses=problems(MessageNotFound, MessageNotWaiting)
)
async def retry_message(message_id: MessageId, why: Why, operations: Operations) -> Touched:
    """Without waiting for the rest of its delay. Its attempts still count."""
    return await operations.retry(message_id, why.reason)


@changes.post("/undo/{undo_id}", summary="Undo a cancellation or a purge", responses=problems(UndoNotFound, NothingToUndo))
async def undo(undo_id: UndoId, why: Why, operations: Operations) -> Touched:
    """Its messages wait again, with their ids and payloads."""
    return await operations.undo(undo_id, why.reason)
