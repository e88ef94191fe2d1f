"""Statements on what an address has declined that belongs to nobody known."""

from collections.abc import Set as AbstractSet
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import ReadSession

_DECLINED: Final = text("""
    SELECT category FROM suppressions
     WHERE address_hash = :address_hash AND channel = :channel AND scope = 'category' AND reason = 'unsubscribed'
       AND organization_id IS NOT DISTINCT FROM CAST(:organization_id AS uuid) AND (expires_at IS NULL OR expires_at > now())
""")

_ADDRESS: Final = text("""
    SELECT to_address FROM deliveries WHERE address_hash = :address_hash AND channel = :channel AND to_address IS NOT NULL
     ORDER BY created_at DESC LIMIT 1
""")


class AddressReader:
    """What is read of an address by its hash."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def declined(self, address_hash: str, channel: str, organization_id: UUID | None) -> AbstractSet[str]:
        """The categories of this organization that the address has unsubscribed from."""
        bound = {"address_hash": address_hash, "channel": channel, "organization_id": organization_id}
        return set(await self._session.scalars(_DECLINED, bound))

    async def address(self, address_hash: str, channel: str) -> str | None:
        """How the address reads, where a delivery still tells."""
        bound = {"address_hash": address_hash, "channel": channel}
        return (await self._session.scalars(_ADDRESS, bound)).one_or_none()
