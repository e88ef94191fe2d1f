"""The database: engine, sessions, unit of work, and the only commit of the project.

A request, a task's batch or a command is one unit of work. Services flush at most. What they publish
is written into the outbox by the same transaction, and the relay is woken after the commit.
"""

import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from shared.runtime import outbox

STATEMENT_TIMEOUT_MS = 60_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
PING_AFTER_S = 1.0
LOST_CONNECTION = "8s2b"
"""SQLAlchemy's code of the PendingRollbackError that follows a lost connection."""
LOCK_TIMEOUT_MS = 10_000
CLIENT_TIMEOUT_S = 65
_AFTER_COMMIT = "after_commit"


class Model(DeclarativeBase):
    """Base of all mapped tables. Tables are named without a schema: the role's search_path is its own."""


class ReadSession(AsyncSession):
    """A session for reading. Its transaction is read-only in the database, too."""


class Session(ReadSession):
    """A session that may write. Only a unit of work hands one out, and only the unit of work commits."""


def database_url(url: str) -> URL:
    """Any PostgreSQL URL, for asyncpg. What stands behind its question mark goes by `connect_args`."""
    return make_url(url).set(drivername="postgresql+asyncpg", query={})


def connect_args(url: str) -> dict[str, Any]:
    """What libpq knows and SQLAlchemy does not: `?sslmode=verify-full&sslrootcert=/path/to/authority.pem` and its like."""
    return {"dsn": driver_url(url)} if make_url(url).query else {}


def driver_url(url: str) -> str:
    """The same, for asyncpg without SQLAlchemy."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


class Database:
    """One engine and the ways to open a session on it. Belongs to one event loop.

    on_publish: called after a commit that wrote to the outbox; wakes the relay.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        pool_size: int = 5,
        on_publish: Callable[[], Awaitable[None]] | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.on_publish = on_publish
        self.engine: AsyncEngine = create_async_engine(
            database_url(url),
            pool_size=pool_size,
            max_overflow=0,
            # Bound values may be personal data, and errors end in logs.
            hide_parameters=True,
            pool_timeout=10,
            connect_args={
                **connect_args(url),
                "timeout": 5,
                # The server's own limit ends nothing when the connection is half open.
                "command_timeout": CLIENT_TIMEOUT_S,
                "server_settings": {
                    "application_name": name,
                    "jit": "off",
                    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                    "lock_timeout": str(LOCK_TIMEOUT_MS),
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
                    **(settings or {}),
                },
            },
        )
        _ping_after_idleness(self.engine)
        self._reader = self.engine.execution_options(postgresql_readonly=True)

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[Session]:
        """A transaction that commits when the block ends well and rolls back when it does not."""
        async with Session(self.engine, expire_on_commit=False, autoflush=True) as session, session.begin():
            yield session
            published = await outbox.write_pending(session)
        if published and self.on_publish is not None:
            await self.on_publish()
        await run_after_commit(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A read-only transaction."""
        async with ReadSession(self._reader, expire_on_commit=False, autoflush=False) as session, session.begin():
            yield session

    @asynccontextmanager
    async def outside_transactions(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement is a transaction of its own, for VACUUM, which stands in none."""
        engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


def after_commit(session: Session, do: Callable[[], Awaitable[None]]) -> None:
    """Have something done once the unit of work has committed, and not at all where it does not.

    A process that ends in between does not do it: it is for what a cache is told, and somebody mends that besides.
    """
    session.info.setdefault(_AFTER_COMMIT, []).append(do)


async def run_after_commit(session: Session) -> None:
    """For those who end units of work."""
    for do in session.info.pop(_AFTER_COMMIT, ()):
        await do()


def _ping_after_idleness(engine: AsyncEngine) -> None:
    """Try a connection that was idle before using it: the database may have restarted. A busy one is not worth the round trip."""

    @event.listens_for(engine.sync_engine, "checkin")
    def remember(_: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def check(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("idle_since", math.inf) < PING_AFTER_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:
            raise DisconnectionError from error


def constraint_of(error: BaseException) -> str | None:
    """The name of the constraint that a database error names, for services that turn it into their own error."""
    cause: Any = error
    while cause is not None:
        name = getattr(cause, "constraint_name", None)
        if isinstance(name, str):
            return name
        cause = cause.__cause__ or getattr(cause, "orig", None)
    return None


def follows_lost_connection(error: PendingRollbackError) -> bool:
    """Whether a session refuses because its connection was lost before; else a handler goes on after an error of its own."""
    return error.code == LOST_CONNECTION


def is_away(error: BaseException) -> bool:
    """Whether an error means that the database is gone, starting, stopping or full, and not that the work is wrong.

    So does a row that another copy of the same work has held for long (55P03), and a server that has become a replica (25006).
    """
    if isinstance(error, PendingRollbackError):
        return follows_lost_connection(error)
    if isinstance(error, OSError | SQLAlchemyTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None) or ""
    unnamed = isinstance(error, InterfaceError | OperationalError) and not code
    return error.connection_invalidated or unnamed or code.startswith(("08", "53", "57P", "55P03", "25006"))


def is_conflict(error: BaseException) -> bool:
    """Whether the transaction lost against another one (serialization failure, deadlock) and may simply run again."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def is_blocked(error: BaseException) -> bool:
    """Whether another transaction has held what is wanted for longer than `lock_timeout`: whatever else there is can go on."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "55P03"
