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


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None is no filter."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None


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
        query = query if before is None else query.where(AUDIT.c.id < before)
        return (await self._session.execute(query)).all()

    async def of(self, targets: Sequence[str]) -> Sequence[AnyRow]:
        """All lines about any of `targets`, the oldest first."""
        return (await self._session.execute(select(AUDIT).where(AUDIT.c.target.in_(targets)).order_by(AUDIT.c.id))).all()

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
