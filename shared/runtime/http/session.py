"""Sessions for endpoints: `db: ReadDb` or `db: WriteDb`.

`scope="function"` ends the unit of work, and so commits, before the response is sent; with FastAPI's default the client
could read 200 before a commit that then fails. An endpoint that raises has changed nothing.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.errors import Conflict
from shared.runtime.failpoints import failpoint
from shared.runtime.http.problems import may_answer
from shared.runtime.http.runtime import runtime_of


async def read_session(request: Request) -> AsyncIterator[ReadSession]:
    """A read-only transaction for the time of the endpoint."""
    async with runtime_of(request).database.read() as session:
        yield session


# Two requests that meet in a constraint: the later one is told so, whatever the endpoint.
@may_answer(Conflict)
async def write_session(request: Request) -> AsyncIterator[Session]:
    """A unit of work for the time of the endpoint."""
    async with runtime_of(request).database.unit_of_work() as session:
        yield session
        failpoint("api.before_commit")
    failpoint("api.committed")


async def database(request: Request) -> Database:
    """The database itself, for flows that call the outside world between two units of work."""
    return runtime_of(request).database


ReadDb = Annotated[ReadSession, Depends(read_session, scope="function")]
WriteDb = Annotated[Session, Depends(write_session, scope="function")]
Db = Annotated[Database, Depends(database)]
