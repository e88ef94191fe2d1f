"""Reading and writing operations_audit. The table itself refuses to change or lose a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import exists, select, text

from shared.runtime.db import ReadSession, Session
from shared.runtime.operations.tables import AUDIT, AnyRow

_WRITE: Final = text("""
    INSERT INTO operations_audit (actor, action, target, reason, details, undo_id)
    VALUES (:actor, :action, :target, :reason, CAST(:details AS jsonb), CAST(:undo_id AS uuid))
""")

# What is left begins where the newest checkpoint ends, or with nothing before it.
_VERIFY: Final = text("""
    WITH lines AS (
        SELECT id, chain, chained_after, lag(chain) OVER (ORDER BY id) AS before, audit_chain(chained_after, line) AS expected
          FROM operations_audit AS line WHERE chain IS NOT NULL
    ), counted AS (
        SELECT count(*) AS lines, min(id) AS first_id, max(id) AS last_id,
               min(id) FILTER (WHERE chain <> expected OR before <> chained_after) AS broken_id
          FROM lines
    ), begun AS (
        SELECT coalesce((SELECT through_chain FROM audit_checkpoints ORDER BY through_id DESC LIMIT 1),
                        decode(repeat('00', 32), 'hex')) AS chain
    )
    SELECT counted.*, head.line_id AS head_id, (SELECT count(*) FROM operations_audit WHERE chain IS NULL) AS unchained,
           CASE WHEN last_id IS NULL THEN head.chain = begun.chain
                ELSE head.chain = (SELECT chain FROM lines WHERE id = last_id) END AS ends_well,
           coalesce((SELECT first.chained_after = begun.chain
                         OR EXISTS (SELECT FROM audit_checkpoints WHERE through_id >= first.id) FROM lines AS first
                      WHERE id = first_id), true) AS begins_well
      FROM counted, begun, audit_head AS head
""")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None is no filter."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    area: str | None = None
    """The beginning of the action, up to its first full stop."""


class AuditRepository:
    """Reads the audit."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, wanted: AuditFilter, *, before: int | None, limit: int) -> Sequence[AnyRow]:
        """At most `limit` lines, the newest first. before: the id of the last line of the page before."""
        query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
        for name in ("actor", "action", "target"):
            value = getattr(wanted, name)
            query = query if value is None else query.where(AUDIT.c[name] == value)
        query = query if wanted.area is None else query.where(AUDIT.c.action.startswith(f"{wanted.area}.", autoescape=True))
        query = query if before is None else query.where(AUDIT.c.id < before)
        return (await self._session.execute(query)).all()

    async def of(self, targets: Sequence[str]) -> Sequence[AnyRow]:
        """All lines about any of `targets`, the oldest first."""
        return (await self._session.execute(select(AUDIT).where(AUDIT.c.target.in_(targets)).order_by(AUDIT.c.id))).all()

    async def verify(self) -> AnyRow:
        """Whether the chain holds: how many lines there are, which one is not as it was written, whether both ends are there."""
        return (await self._session.execute(_VERIFY)).one()

    async def knows_undo(self, undo_id: UUID) -> bool:
        """Whether some change can be, or could once be, undone under this id."""
        return bool((await self._session.execute(select(exists().where(AUDIT.c.undo_id == undo_id)))).scalar())


class AuditLog:
    """Writes what `actor` does, in the transaction in which it is done."""

    def __init__(self, session: Session, actor: str) -> None:
        self._session = session
        self.actor = actor

    async def write(self, action: str, target: str, reason: str, *, undo_id: UUID | None = None, **details: Any) -> None:
        """details: JSON values that tell the extent of the change; never payloads."""
        line = {"actor": self.actor, "action": action, "target": target, "reason": reason, "undo_id": undo_id}
        await self._session.execute(_WRITE, {**line, "details": orjson.dumps(details).decode()})
