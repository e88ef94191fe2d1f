"""Revocations and suspended organizations in Redis, where every service's API sees them before the event has come: written by
the analytics service alone.

A cache: the tables hold the truth, whatever is missing here. It is written after the commit that decides, and held against the
tables every few seconds.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import redis.asyncio as redis

from shared.contracts.analytics import Revocation
from shared.runtime.broker import BROKER_ERRORS

logger = logging.getLogger(__name__)
PREFIX: Final = "access:revoked"
SUSPENDED: Final = "access:suspended"
SUSPENDED_FOR: Final = timedelta(days=2)
"""However long nobody holds it against the tables."""


def _name(kind: str, key: str) -> str:
    return f"{PREFIX}:{kind}:{key}"


class RevocationCache:
    """Never raises: whoever asks goes on to the table."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    async def put(self, revocations: Sequence[Revocation], now: datetime) -> None:
        """Keep each until what it refuses has expired."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for one in revocations:
                    lasts_ms = int((one.expires_at - now).total_seconds() * 1000)
                    if lasts_ms > 0:
                        pipe.set(_name(one.kind, one.key), one.issued_until.isoformat(), px=lasts_ms)
                await pipe.execute()
        except BROKER_ERRORS as error:
            logger.warning("revocations_not_cached", extra={"error": type(error).__name__, "count": len(revocations)})

    async def lacking(self, revocations: Sequence[Revocation]) -> list[Revocation]:
        """Those that it does not hold as they are. None of them where Redis is away."""
        try:
            found = await self._redis.mget([_name(one.kind, one.key) for one in revocations]) if revocations else []
        except BROKER_ERRORS:
            return []
        return [one for one, value in zip(revocations, found, strict=True) if value != one.issued_until.isoformat().encode()]

    async def holds(self, keys: Mapping[str, str], issued_at: datetime) -> bool:
        """Whether one of these, by kind, is refused. False also where Redis is away."""
        try:
            found = await self._redis.mget([_name(kind, key) for kind, key in keys.items()])
        except BROKER_ERRORS:
            return False
        return any(_until(one) >= issued_at for one in found if isinstance(one, bytes))

    async def suspend(self, versions: Mapping[UUID, int]) -> None:
        """Refuse whoever is bound to these organizations. versions: in which version each was suspended."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for organization_id, version in versions.items():
                    pipe.set(f"{SUSPENDED}:{organization_id}", version, ex=SUSPENDED_FOR)
                await pipe.execute()
        except BROKER_ERRORS as error:
            logger.warning("suspensions_not_cached", extra={"error": type(error).__name__, "count": len(versions)})

    async def resume(self, organization_ids: Sequence[UUID]) -> None:
        """Let them in again. An entry that stays, because Redis is away, yields to the newer version that the event brings."""
        try:
            if organization_ids:
                await self._redis.delete(*(f"{SUSPENDED}:{one}" for one in organization_ids))
        except BROKER_ERRORS as error:
            logger.warning("suspension_still_cached", extra={"error": type(error).__name__})

    async def suspensions(self, organization_ids: Sequence[UUID]) -> dict[UUID, int] | None:
        """In which version it says that each was suspended, 0 for those that were not; None where Redis is away."""
        try:
            found = await self._redis.mget([f"{SUSPENDED}:{one}" for one in organization_ids])
        except BROKER_ERRORS:
            return None
        return {one: _version(value) for one, value in zip(organization_ids, found, strict=True)}

    async def suspended_in(self, organization_id: UUID) -> int:
        """The version in which it was suspended; 0 where it is not known to be, also where Redis is away."""
        try:
            found = await self._redis.get(f"{SUSPENDED}:{organization_id}")
        except BROKER_ERRORS:
            return 0
        return _version(found)


def _version(value: object) -> int:
    return int(value) if isinstance(value, bytes) and value.isdigit() else 0


def _until(value: bytes) -> datetime:
    try:
        return datetime.fromisoformat(value.decode()).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
