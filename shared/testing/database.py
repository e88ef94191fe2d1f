"""Fixtures on a real PostgreSQL.

    session, joined_database   everything in one transaction that is rolled back: fast, for most tests. Units of
                               work are savepoints, and now() stands still.
    fresh, database, owner     a database of the test's own that truly commits: for the outbox, leases, locks,
                               races and processes of their own.

`service` says whose schema it is: the folder under services/ that the test lies in, or a fixture of that name.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import PurePath

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from shared.contracts.lanes import SERVICES
from shared.runtime import outbox
from shared.runtime.db import Database, ReadSession, Session, database_url, run_after_commit
from shared.testing import template
from shared.testing.servers import PostgresAddress


class JoinedDatabase(Database):
    """A Database whose units of work are savepoints of the test's transaction, one at a time.

    What the test's own session has added is flushed before each, so that the code under test sees it.
    """

    def __init__(self, connection: AsyncConnection, session: Session) -> None:
        self.on_publish = None
        self.engine = connection.engine
        self._connection = connection
        self._session = session
        self._turn = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[Session]:
        async with self._alone(), joined_session(self._connection) as session, session.begin():
            yield session
            published = await outbox.write_pending(session)
        if published and self.on_publish is not None:
            await self.on_publish()
        await run_after_commit(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        # Rolling back ends the savepoint's read-only mode; releasing it would leave the whole test read-only.
        async with self._alone(), self._connection.begin_nested() as savepoint:
            await self._connection.execute(text("SET TRANSACTION READ ONLY"))
            async with ReadSession(self._connection, expire_on_commit=False, autoflush=False) as session:
                yield session
            await savepoint.rollback()

    async def close(self) -> None:
        """The connection is the test's, which rolls it back."""

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        if self._holder is asyncio.current_task():
            raise RuntimeError(
                "units of work inside each other are transactions of their own: use the fixture `database`, which commits"
            )
        async with self._turn:
            self._holder = asyncio.current_task()
            try:
                await self._session.flush()
                yield
            finally:
                self._holder = None


def joined_session(connection: AsyncConnection) -> Session:
    """A session whose transaction is a savepoint of the connection's. What it reads is what the database holds now."""
    return Session(
        connection,
        join_transaction_mode="create_savepoint",
        expire_on_commit=False,
        execution_options={"populate_existing": True},
    )


class FreshDatabase:
    """A database of one test's own, with the schemas of all services. What it opens is closed with the test."""

    def __init__(self, address: PostgresAddress, name: str, stack: AsyncExitStack) -> None:
        self.address = address
        self.name = name
        self._stack = stack

    def url(self, service: str) -> str:
        """DATABASE_URL of the service."""
        return self.address.url(self.name, template.roles_of(service)[1])

    def owner_url(self, service: str) -> str:
        """DATABASE_OWNER_URL of the service."""
        return self.address.url(self.name, template.roles_of(service)[0])

    @property
    def admin_url(self) -> str:
        """For the superuser."""
        return self.address.url(self.name)

    def open(self, service: str, *, pool_size: int = 5) -> Database:
        """The service's Database, as its processes open it."""
        database = Database(self.url(service), name=f"{service}-test", pool_size=pool_size)
        self._stack.push_async_callback(database.close)
        return database


def service_of(path: PurePath) -> str | None:
    """The service in whose folder a test lies."""
    found = [after for before, after in itertools.pairwise(path.parts) if before == "services" and after in SERVICES]
    return found[-1] if found else None


@pytest.fixture
def service(request: pytest.FixtureRequest) -> str:
    """Whose schema, application and worker the other fixtures mean. Override it outside of services/<name>/."""
    name = service_of(request.path)
    if name is None:
        pytest.fail(f"{request.path} is not under services/<name>/: define a fixture `service` that returns the service's name")
    return name


@pytest.fixture(scope="session")
def template_database(postgres: PostgresAddress) -> PostgresAddress:
    """The server, with the template built."""
    asyncio.run(template.build(postgres))
    return postgres


@pytest.fixture(scope="session")
def process_database(template_database: PostgresAddress) -> Iterator[str]:
    """The name of the database in which this test process runs the tests that roll back."""
    name = asyncio.run(template.clone(template_database))
    yield name
    asyncio.run(template.drop(template_database, name))


@pytest_asyncio.fixture
async def connection(template_database: PostgresAddress, process_database: str, service: str) -> AsyncIterator[AsyncConnection]:
    """The service's application role in a transaction that is rolled back after the test."""
    url = template_database.url(process_database, template.roles_of(service)[1])
    engine = create_async_engine(database_url(url), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()
    await engine.dispose()


@pytest_asyncio.fixture
async def session(connection: AsyncConnection) -> AsyncIterator[Session]:
    """A session for the test itself, joined to its transaction."""
    async with joined_session(connection) as session:
        yield session


@pytest.fixture
def joined_database(connection: AsyncConnection, session: Session) -> JoinedDatabase:
    """The Database for code that opens units of work itself, joined to the test's transaction."""
    return JoinedDatabase(connection, session)


@pytest_asyncio.fixture
async def fresh(template_database: PostgresAddress) -> AsyncIterator[FreshDatabase]:
    """A database of this test's own, for all services."""
    name = await template.clone(template_database)
    async with AsyncExitStack() as stack:
        yield FreshDatabase(template_database, name, stack)
    await template.drop(template_database, name)


@pytest.fixture
def database(fresh: FreshDatabase, service: str) -> Database:
    """The service's Database on a database of this test's own: commits are commits."""
    return fresh.open(service)


@pytest_asyncio.fixture
async def owner(fresh: FreshDatabase, service: str) -> AsyncIterator[asyncpg.Connection]:
    """A bare connection to the test's own database as the schema's owner, for arranging and asserting in SQL."""
    connection = await asyncpg.connect(fresh.owner_url(service), server_settings={"search_path": service})
    yield connection
    await connection.close()
