"""A small service on the shared HTTP edge: notes in one table, with everything that the edge offers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, Security
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from shared.runtime.auth.access import public, require
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Conflict, NotFound
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.idempotency import Idempotent, IdempotentByLease, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.session import Db, ReadDb, WriteDb
from shared.runtime.http.settings import HttpSettings
from shared.runtime.ids import uuid7

TABLE: Final = """
    CREATE TABLE notes (
        id uuid PRIMARY KEY, title text NOT NULL UNIQUE, size int NOT NULL, version int NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""

Reader = Annotated[Principal, Security(require("alerts:read"))]
Writer = Annotated[Principal, Security(require("alerts:write"))]
NoteId = Annotated[UUID, Path(description="The note's id.")]


class SampleSettings(HttpSettings):
    """The sample lives in the schema of alerts."""

    service: ClassVar[str] = "alerts"


router = APIRouter(prefix="/v1/notes", tags=["notes"], route_class=IdempotentRoute)


class NoteNotFound(NotFound):
    code, title = "note_not_found", "No such note"


class NoteLocked(Conflict):
    code, title = "note_locked", "The note is locked"


class NoteCreate(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"title": "Milk", "size": 3}]})

    title: str = Field(min_length=1, max_length=200)
    size: int = 0


class Note(NoteCreate):
    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: UUID
    version: int
    created_at: datetime


async def _insert(session: Any, body: NoteCreate) -> Any:
    statement = text("INSERT INTO notes (id, title, size) VALUES (:id, :title, :size) RETURNING *")
    return (await session.execute(statement, {"id": uuid7(), **body.model_dump()})).one()


async def _find(session: Any, note_id: UUID) -> Any:
    row = (await session.execute(text("SELECT * FROM notes WHERE id = :id FOR UPDATE"), {"id": note_id})).one_or_none()
    if row is None:
        raise NoteNotFound("there is no such note; list the notes to see which there are")
    return row


@router.get("", summary="List notes")
async def list_notes(_: Reader, db: ReadDb, paging: Paging) -> Page[Note]:
    """The oldest first."""
    after = paging.after or (datetime.fromisoformat("2000-01-01T00:00:00Z"), UUID(int=0))
    statement = text("SELECT * FROM notes WHERE (created_at, id) > (:at, :id) ORDER BY created_at, id LIMIT :limit")
    rows = (await db.execute(statement, {"at": after[0], "id": after[1], "limit": paging.fetch})).all()
    return paging.page(rows, Note, key=lambda row: (row.created_at, row.id))


@router.post("", status_code=201, summary="Create a note")
async def create(body: NoteCreate, response: Response, _: Writer, db: WriteDb, __: Idempotent) -> Note:
    """At most once per Idempotency-Key."""
    row = await _insert(db, body)
    response.headers["Location"] = f"/v1/notes/{row.id}"
    return Note.model_validate(row)


@router.post("/fetched", status_code=201, summary="Create a note from outside", responses=problems(NoteLocked))
async def fetch(body: NoteCreate, request: Request, _: Writer, db: Db, __: IdempotentByLease) -> Note:
    """Calls the outside world between two units of work; tests set what happens there."""
    outside: Callable[[], Awaitable[None]] = request.app.state.outside
    await outside()
    async with db.unit_of_work() as session:
        return Note.model_validate(await _insert(session, body))


@router.get("/{note_id}", summary="Read a note", responses=problems(NoteNotFound))
async def get(note_id: NoteId, _: Reader, db: WriteDb, etag: ETag) -> Note:
    """With its ETag."""
    row = await _find(db, note_id)
    etag.show(row.version)
    return Note.model_validate(row)


@router.put("/{note_id}", summary="Change a note", responses=problems(NoteNotFound))
async def update(note_id: NoteId, body: NoteCreate, _: Writer, db: WriteDb, if_match: IfMatch, etag: ETag) -> Note:
    """Only the version that the client has seen."""
    if_match.check((await _find(db, note_id)).version)
    statement = text("UPDATE notes SET title = :title, size = :size, version = version + 1 WHERE id = :id RETURNING *")
    row = (await db.execute(statement, {"id": note_id, **body.model_dump()})).one()
    etag.show(row.version)
    return Note.model_validate(row)


others = APIRouter(prefix="/v1", tags=["others"])


@others.get("/broken", summary="Fails", dependencies=[public("a test")])
async def broken(db: WriteDb) -> None:
    """Writes, then fails in a way that nobody foresaw."""
    await _insert(db, NoteCreate(title="never kept"))
    raise RuntimeError("the password is hunter2")


@others.get("/scarce", summary="Two a minute", dependencies=[public("a test", limit=Limit("scarce", "2/minute"))])
async def scarce() -> None:
    """Has a limit of its own."""


@others.post("/large", summary="Takes much", dependencies=[public("a test")], max_body_size=3_000_000)
async def large(request: Request) -> int:
    """Says how many bytes came."""
    return len(await request.body())


@others.get("/doors/{door}/{token}", summary="Lets in", dependencies=[public("the token opens the door")])
async def enter(door: int, token: str) -> None:  # noqa: ARG001 - what it lets into is of no interest here.
    """Door 0 has no floor behind it, and behind door 13 there is something else."""
    if door == 13:
        raise NoteLocked("there is something else behind this door")
    if door == 0:
        raise RuntimeError("no floor")


@others.post("/ignores-body", summary="Reads no body", dependencies=[public("a test")])
async def ignores_body() -> None:
    """Answers without looking."""
