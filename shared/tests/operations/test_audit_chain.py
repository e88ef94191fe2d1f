"""The audit proves itself: whoever changes or removes a line, at whatever end, is found out."""

from typing import Any, Final

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.runtime.db import Database
from shared.runtime.operations.audit.repository import AuditLog, AuditRepository
from shared.runtime.operations.audit.schemas import AuditProof
from shared.testing.service import ApiClient

pytestmark = pytest.mark.commits
API: Final = "/v1/operations"


async def proof(database: Database) -> AuditProof:
    async with database.read() as session:
        return AuditProof.of(await AuditRepository(session).verify())


async def write(database: Database, *targets: str) -> None:
    for target in targets:
        async with database.unit_of_work() as session:
            await AuditLog(session, "user:ann").write("lane.pause", target, "to look", times=1)


async def tamper(owner: asyncpg.Connection, statement: str) -> None:
    """As somebody with the schema owner's login could."""
    await owner.execute("ALTER TABLE operations_audit DISABLE TRIGGER ALL")
    await owner.execute(statement)
    await owner.execute("ALTER TABLE operations_audit ENABLE TRIGGER ALL")


TAMPERED: Final = {
    "UPDATE operations_audit SET actor = 'user:bob' WHERE target = 'b'": "was changed, or what stood before it was taken out",
    "DELETE FROM operations_audit WHERE target = 'b'": "was changed, or what stood before it was taken out",
    "DELETE FROM operations_audit WHERE target = 'a'": "was taken out without a checkpoint",
    "DELETE FROM operations_audit WHERE target = 'c'": "were taken out",
    "DELETE FROM operations_audit": "were taken out",
}


async def test_lines_as_they_were_written_are_proved(database: Database, client: ApiClient) -> None:
    await write(database, "a", "b", "c")

    answer: dict[str, Any] = (await client.as_role("viewer").get(f"{API}/audit/proof")).json()

    assert (answer["intact"], answer["problem"], answer["lines"], answer["unchained"]) == (True, None, 3, 0)
    assert answer["last_id"] > answer["first_id"]


@pytest.mark.parametrize(("statement", "problem"), TAMPERED.items())
async def test_what_was_changed_or_removed_is_told(
    statement: str, problem: str, database: Database, owner: asyncpg.Connection
) -> None:
    await write(database, "a", "b", "c")
    await tamper(owner, statement)

    found = await proof(database)

    assert not found.intact
    assert problem in str(found.problem)


async def test_services_login_cannot_move_the_head(database: Database) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.unit_of_work() as session:
            await session.execute(text("UPDATE audit_head SET line_id = 0"))
