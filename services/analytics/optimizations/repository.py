"""Tending tables of the service's own schema."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_QUOTED: Final = text("SELECT quote_ident(:name)")


class TableTending:
    """On a connection outside of transactions. What somebody else holds is left for the next time."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def vacuum(self, name: str) -> None:
        """Make the space of dead rows free for new ones, and look at what the table is like. Readers and writers go on."""
        await self._connection.execute(text(f"VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE false) {await self._quoted(name)}"))

    async def analyze(self, name: str) -> None:
        """Look at what the table is like, for better plans."""
        await self._connection.execute(text(f"ANALYZE (SKIP_LOCKED) {await self._quoted(name)}"))

    async def _quoted(self, name: str) -> str:
        return str((await self._connection.execute(_QUOTED, {"name": name})).scalar_one())
