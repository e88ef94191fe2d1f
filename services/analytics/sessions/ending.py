"""Ending sessions: their tokens are refused by every service."""

from collections.abc import Sequence
from uuid import UUID

from services.analytics.revocations.service import Revoking
from services.analytics.sessions.errors import SessionNotFound
from services.analytics.sessions.models import AccessSession, Because
from services.analytics.sessions.repository import SessionRepository
from shared.runtime.clock import Clock
from shared.runtime.operations.audit.repository import AuditLog


class Ending:
    """Works in one unit of work."""

    def __init__(self, sessions: SessionRepository, revoking: Revoking, audit: AuditLog, clock: Clock) -> None:
        self._sessions = sessions
        self._revoking = revoking
        self._audit = audit
        self._clock = clock

    async def all_of(self, operator_id: UUID, because: Because) -> None:
        """Those of an operator that go on."""
        await self.these(await self._sessions.live_of(operator_id), because)

    async def one(self, session_id: UUID, *, of: UUID | None, bound_to: UUID | None) -> AccessSession:
        """A session that somebody revokes; one that has ended stays as it is.

        of: whose it has to be; None: anybody's. bound_to: the organization that the caller is bound to. Raises SessionNotFound.
        """
        known = await self._sessions.lock(session_id, bound_to)
        if known is None or of not in (None, known.operator_id):
            raise SessionNotFound("there is no session with this id; GET /v1/access/sessions lists those that there are")
        await self.these([session_id], "revoked")
        return await self._sessions.lock(session_id, bound_to) or known

    async def these(self, session_ids: Sequence[UUID], because: Because) -> int:
        """Returns how many of them went on until now."""
        ended = await self._sessions.end(session_ids, because, self._clock()) if session_ids else []
        await self._revoking.sessions(ended)
        for one in ended:
            await self._audit.write("access.session_ended", f"session:{one}", because)
        return len(ended)
