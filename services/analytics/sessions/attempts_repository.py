"""Counting logins that have failed, by account and by address."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import text

from shared.runtime.db import Session

Kind = Literal["account", "address"]

# Counted before the password is looked at: of many that try at once, none gets past the limit. The wait doubles with each.
_TRY: Final = text("""
    WITH tried AS (
        INSERT INTO login_attempts AS known (kind, key, failures, last_at, blocked_until)
        VALUES (:kind, :key, 1, :now, :now)
        ON CONFLICT (kind, key) DO UPDATE
           SET failures = CASE WHEN known.last_at < :forgotten_before THEN 1 ELSE known.failures + 1 END, last_at = :now,
               blocked_until = CASE WHEN known.last_at < :forgotten_before OR known.failures + 1 < :free
                                    THEN CAST(:now AS timestamptz) ELSE CAST(:now AS timestamptz) + make_interval(secs => least(
                                             power(2, least(known.failures + 1 - :free, 20)), :most_s)) END
         WHERE known.blocked_until <= :now
        RETURNING 1)
    SELECT (SELECT count(*) FROM tried) = 1 AS allowed,
           (SELECT blocked_until FROM login_attempts WHERE kind = :kind AND key = :key) AS blocked_until
""")
_FORGIVE: Final = text("DELETE FROM login_attempts WHERE kind = 'account' AND key = :key")
_TAKE_BACK: Final = text("""
    UPDATE login_attempts SET failures = greatest(failures - 1, 0) WHERE kind = 'address' AND key = :key
""")
_FORGET: Final = text("""
    DELETE FROM login_attempts WHERE (kind, key) IN (
        SELECT kind, key FROM login_attempts WHERE last_at < :before LIMIT :most FOR UPDATE SKIP LOCKED)
""")


def key_of(value: str) -> bytes:
    """What stands for an account or an address: no list of either is kept."""
    return hashlib.sha256(value.lower().encode("utf-8", "backslashreplace")).digest()


class AttemptRepository:
    """Writes in one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count(
        self, kind: Kind, value: str, now: datetime, *, free: int, most: timedelta, forgotten_after: timedelta
    ) -> timedelta | None:
        """Count a try. How long to wait where it is not allowed, else None."""
        bound: dict[str, Any] = {"kind": kind, "key": key_of(value), "now": now, "free": free}
        limits = {"most_s": most.total_seconds(), "forgotten_before": now - forgotten_after}
        row = (await self._session.execute(_TRY, bound | limits)).one()
        return None if row.allowed else row.blocked_until - now

    async def forgive(self, email: str, address: str) -> None:
        """It was the right password: the account starts anew, and the address has not failed this time."""
        await self._session.execute(_FORGIVE, {"key": key_of(email)})
        await self._session.execute(_TAKE_BACK, {"key": key_of(address)})

    async def forget(self, before: datetime, most: int) -> int:
        """Delete what failed last before then."""
        result: Any = await self._session.execute(_FORGET, {"before": before, "most": most})
        return int(result.rowcount)
