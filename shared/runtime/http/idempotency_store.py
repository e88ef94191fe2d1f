"""The rows behind Idempotency-Key: what was answered, or that an answer is being worked on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import TextClause, text

from shared.runtime import outbox
from shared.runtime.db import Session
from shared.runtime.errors import Conflict, Invalid

KEPT: Final = timedelta(hours=48)
LEASE: Final = timedelta(seconds=60)

_BEGIN = text("""
    SELECT pg_try_advisory_xact_lock(:lock) AS is_ours, fingerprint, status, headers, body, lease_until > now() AS leased
      FROM (SELECT) AS always LEFT JOIN idempotency_keys
        ON principal = :principal AND route = :route AND key_hash = :key_hash AND expires_at > now()
""")
# What another transaction has committed since `begin` looked stays: nothing is overwritten that `begin` would have told of.
_UPSERT = """
    INSERT INTO idempotency_keys AS known
           (principal, route, key_hash, fingerprint, status, headers, body, lease_until, expires_at)
    VALUES (:principal, :route, :key_hash, :fingerprint, {values}, now() + :kept)
    ON CONFLICT (principal, route, key_hash) DO UPDATE
       SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers, body = excluded.body,
           lease_until = excluded.lease_until, expires_at = excluded.expires_at, created_at = now()
     WHERE known.expires_at <= now() OR known.lease_until <= now()
    RETURNING lease_until
"""
_SAVE: Final = _UPSERT.format(values=":status, CAST(:headers AS jsonb), :body, NULL")
_LEASE: TextClause = text(_UPSERT.format(values="NULL, NULL, NULL, now() + :lease"))
_FINISH = text("""
    UPDATE idempotency_keys SET status = :status, headers = CAST(:headers AS jsonb), body = :body, lease_until = NULL
     WHERE principal = :principal AND route = :route AND key_hash = :key_hash AND status IS NULL AND lease_until = :lease_until
    RETURNING 1
""")
_RELEASE = text("""
    DELETE FROM idempotency_keys
     WHERE principal = :principal AND route = :route AND key_hash = :key_hash AND status IS NULL AND lease_until = :lease_until
""")


class KeyReused(Invalid):
    code, title = "idempotency_key_reused", "The idempotency key belongs to another request"


class RequestInFlight(Conflict):
    code, title = "request_in_flight", "The same request is being carried out"


@dataclass(frozen=True, slots=True)
class Claim:
    """One request under its key: whose it is, what it is for, and what it says."""

    principal: str
    route: str
    key_hash: bytes
    fingerprint: bytes

    @property
    def row(self) -> dict[str, Any]:
        return {"principal": self.principal, "route": self.route, "key_hash": self.key_hash}

    @property
    def lock(self) -> int:
        digest = hashlib.sha256(b"\0".join((self.principal.encode(), self.route.encode(), self.key_hash))).digest()
        return int.from_bytes(digest[:8], signed=True)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What the first request was answered with."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def begin(session: Session, claim: Claim) -> StoredAnswer | None:
    """Take the key for the session's transaction; return the answer that it has already.

    One statement, whose snapshot may be older than its lock: an answer that is committed between the two is met by `save` and
    `lease`, which yield to it.

    Raises RequestInFlight at once while another transaction or an unexpired lease has the key, KeyReused when
    the key came with another request.
    """
    found = (await session.execute(_BEGIN, {**claim.row, "lock": claim.lock})).one()
    if not found.is_ours:
        raise _in_flight()
    if found.fingerprint is None:
        return None
    if bytes(found.fingerprint) != claim.fingerprint:
        raise KeyReused("this Idempotency-Key was used for a request with another path or body; use a new key for a new request")
    if found.status is None:
        if found.leased:
            raise _in_flight()
        return None
    return StoredAnswer(found.status, found.headers, bytes(found.body))


async def save(session: Session, claim: Claim, answer: StoredAnswer, headers_json: str) -> None:
    """Keep the answer for 48 hours, in the transaction of the effect that it reports, and with it what was published there.

    Raises RequestInFlight where another transaction has answered the same request since `begin` looked; the effect goes with it.
    """
    values = {**claim.row, "fingerprint": claim.fingerprint, "kept": KEPT, "status": answer.status, "headers": headers_json}
    saved = await outbox.execute_with_pending(session, _SAVE, {**values, "body": answer.body})
    if saved.one_or_none() is None:
        raise _in_flight()


async def lease(session: Session, claim: Claim) -> datetime:
    """Keep the key for 60 seconds beyond this transaction; the moment when that ends is the token of the lease.

    Raises RequestInFlight where another transaction has taken the key since `begin` looked.
    """
    values = {**claim.row, "fingerprint": claim.fingerprint, "kept": KEPT, "lease": LEASE}
    lease_until: datetime | None = (await session.execute(_LEASE, values)).scalar_one_or_none()
    if lease_until is None:
        raise _in_flight()
    return lease_until


async def finish(session: Session, claim: Claim, lease_until: datetime, answer: StoredAnswer, headers_json: str) -> bool:
    """Keep the answer in place of the lease. False when the lease had ended and somebody else has taken over."""
    values = {**claim.row, "lease_until": lease_until, "status": answer.status, "headers": headers_json, "body": answer.body}
    return (await session.execute(_FINISH, values)).one_or_none() is not None


async def release(session: Session, claim: Claim, lease_until: datetime) -> None:
    """Give the key back: the request was refused and has changed nothing."""
    await session.execute(_RELEASE, {**claim.row, "lease_until": lease_until})


def _in_flight() -> RequestInFlight:
    return RequestInFlight(
        "a request with this Idempotency-Key is being carried out; repeat it in a moment", headers={"Retry-After": "1"}
    )
