"""In-app inboxes over HTTP: for services and operators, and for the person whose inbox it is."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Query, Request

from services.notifications import notice_deps
from services.notifications.auth import InboxRead, InboxWrite
from services.notifications.in_app import metrics
from services.notifications.in_app.errors import ItemNotFound, TooManyStreams
from services.notifications.in_app.repository import Change
from services.notifications.in_app.schemas import InAppCounts, InAppItemOut, ReadAll
from services.notifications.in_app.stream import frames
from services.notifications.people.endpoints import Reference
from services.notifications.people.errors import PersonNotFound
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.event_stream import MEDIA_TYPE, EventStreamResponse
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/people/{reference}/in-app", tags=["in-app"])

SEND_TIMEOUT_S: Final = 30
"""Who takes nothing for so long is let go, and comes again with the last id."""


@may_answer(PersonNotFound)
async def readable_inbox(reference: Reference, principal: InboxRead, db: ReadDb) -> str:
    """The person whose inbox the path names, once it is clear that the caller may read it."""
    await notice_deps.inbox_access(db).check(principal, reference)
    return reference


@may_answer(PersonNotFound)
async def writable_inbox(
    reference: Reference, request: Request, principal: InboxWrite, db: WriteDb, background: BackgroundTasks
) -> str:
    """The same for who may change it. Those who follow it are told once the change is committed."""
    await notice_deps.inbox_access(db).check(principal, reference)
    background.add_task(notice_deps.ring_inbox, runtime_of(request), reference)
    return reference


ReadableInbox = Annotated[str, Depends(readable_inbox)]
WritableInbox = Annotated[str, Depends(writable_inbox)]


@router.get("", name="list", summary="List a person's in-app items")
async def list_items(
    person: ReadableInbox,
    db: ReadDb,
    paging: Paging,
    unread: Annotated[bool | None, Query(description="Only those that are not read, or only those that are.")] = None,
    archived: Annotated[bool, Query(description="Those that are archived in the place of those that are not.")] = False,
) -> Page[InAppItemOut]:
    """The newest first."""
    after = int(str(paging.after[0])) if paging.after is not None else None
    rows = await notice_deps.inbox(db, person).listed(unread=unread, archived=archived, after=after, limit=paging.fetch)
    return paging.page(rows, InAppItemOut, key=lambda row: (row.seq,))


@router.get("/counts", name="count", summary="Count a person's in-app items")
async def count_items(person: ReadableInbox, db: ReadDb) -> InAppCounts:
    """How many are unread, and the number from which a stream goes on."""
    return InAppCounts.model_validate(await notice_deps.inbox(db, person).counts())


@router.post("/read-all", name="read_all", summary="Mark all items as read")
async def read_all_items(body: ReadAll, person: WritableInbox, request: Request, db: WriteDb) -> InAppCounts:
    """Archived ones as well. Doing it again does no harm."""
    changes = notice_deps.inbox_changes(db, person, runtime_of(request).clock)
    return InAppCounts.model_validate(await changes.read_all(body.through))


@router.post("/{item_id}/read", name="read", summary="Mark an item as read", responses=problems(ItemNotFound))
async def read_item(item_id: UUID, person: WritableInbox, request: Request, db: WriteDb) -> InAppItemOut:
    """One that is read keeps the time at which it was."""
    changes = notice_deps.inbox_changes(db, person, runtime_of(request).clock)
    return InAppItemOut.model_validate(await changes.mark(item_id, Change(read=True)))


@router.post("/{item_id}/unread", name="unread", summary="Mark an item as unread", responses=problems(ItemNotFound))
async def unread_item(item_id: UUID, person: WritableInbox, request: Request, db: WriteDb) -> InAppItemOut:
    """Doing it again does no harm."""
    changes = notice_deps.inbox_changes(db, person, runtime_of(request).clock)
    return InAppItemOut.model_validate(await changes.mark(item_id, Change(read=False)))


@router.post("/{item_id}/archive", name="archive", summary="Archive an item", responses=problems(ItemNotFound))
async def archive_item(item_id: UUID, person: WritableInbox, request: Request, db: WriteDb) -> InAppItemOut:
    """It leaves the list and counts as unread no more; `archived=true` lists it."""
    changes = notice_deps.inbox_changes(db, person, runtime_of(request).clock)
    return InAppItemOut.model_validate(await changes.mark(item_id, Change(archived=True)))


_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events, until the client goes or 15 minutes are over.",
        "content": {
            MEDIA_TYPE: {
                "schema": {"type": "string"},
                "examples": {
                    "item": {"value": 'event: item\ndata: {"id": "019a9f5e-…", "seq": 41, "title": "…", …}\nid: 41\n\n'},
                    "count": {"value": 'event: count\ndata: {"unread": 3}\n\n'},
                },
            }
        },
    },
    **problems(TooManyStreams),
}


@router.get(
    "/stream",
    name="stream",
    summary="Follow a person's in-app items",
    responses=_STREAM,
    response_class=EventStreamResponse,
)
async def stream_items(
    person: ReadableInbox,
    request: Request,
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="What `last_seq` or an event's id was.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=40, description="As browsers send it; goes before `after`.")] = None,
) -> EventStreamResponse:
    """Server-sent events: `item` for each that comes, `read`, `unread` and `archived` for what becomes of one, and `count`.

    Whoever comes again with the last id gets what came meanwhile, each item once and in order. Each event but `count` holds the
    whole item: one that came and was read elsewhere meanwhile may be told as `read` alone. A comment every 15 seconds keeps the
    connection open.
    """
    stream = notice_deps.inbox_stream(runtime_of(request))
    stream.check(person)
    seen = int(last_event_id) if last_event_id is not None and last_event_id.isdecimal() else after
    return EventStreamResponse(frames(stream.events(person, seen)), send_timeout_s=SEND_TIMEOUT_S, on_cut_off=metrics.CUT_OFF.inc)
