"""Statements on checkpoints, and on the lines that they stand for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from services.analytics.access_audit.checkpoint_models import Checkpoint
from shared.runtime.auth.keys import Jwk
from shared.runtime.db import ReadSession, Session

_ALL: Final = text("""
    SELECT id, through_id, through_chain, lines, made_at, kid, signature FROM audit_checkpoints ORDER BY through_id
""")
_KEYS: Final = text("SELECT kid, public_jwk FROM signing_keys WHERE kid = ANY(CAST(:kids AS text[]))")
# Two who let go of lines at once would count the same ones.
_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('waybill-audit-retention', 0))")
_OLD: Final = text("""
    SELECT newest.id, newest.chain, (SELECT count(*) FROM operations_audit WHERE id <= newest.id) AS lines
      FROM (SELECT id, chain FROM operations_audit
             WHERE chain IS NOT NULL
               AND id < coalesce((SELECT min(id) FROM operations_audit WHERE at >= :before), 9223372036854775807)
             ORDER BY id DESC LIMIT 1) AS newest
""")
_ADD: Final = text("""
    INSERT INTO audit_checkpoints (id, through_id, through_chain, lines, made_at, kid, signature)
    VALUES (:id, :through_id, :through_chain, :lines, :made_at, :kid, :signature)
""")
_LET_GO: Final = text("DELETE FROM operations_audit WHERE id <= :through_id")


class CheckpointReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def all(self) -> Sequence[Checkpoint]:
        """The oldest first."""
        return [Checkpoint(*row) for row in await self._session.execute(_ALL)]

    async def public_keys(self, kids: Sequence[str]) -> dict[str, Jwk]:
        """The public halves of these, whether they sign any more or not."""
        return {row.kid: row.public_jwk for row in await self._session.execute(_KEYS, {"kids": list(kids)})}


class CheckpointRepository(CheckpointReader):
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def older_than(self, before: datetime) -> tuple[int, bytes, int] | None:
        """(the newest line before which, itself included, all are older; its hash; how many they are), or None.

        Nobody else lets go of lines until the unit of work ends.
        """
        await self._writing.execute(_ALONE)
        row = (await self._writing.execute(_OLD, {"before": before})).one_or_none()
        return (row.id, row.chain, row.lines) if row is not None else None

    async def let_go(self, checkpoint: Checkpoint) -> None:
        """Write the checkpoint, and delete the lines that it stands for. The database refuses one without the other."""
        bound: dict[str, Any] = {name: getattr(checkpoint, name) for name in checkpoint.__slots__}
        await self._writing.execute(_ADD, bound)
        await self._writing.execute(_LET_GO, {"through_id": checkpoint.through_id})
