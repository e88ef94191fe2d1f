"""How the tables and indexes of the service's own schema are doing."""

from shared.runtime.operations.storage.repository import StorageReader
from shared.runtime.operations.storage.schemas import IndexOut, StorageOut, TableOut


async def survey(storage: StorageReader) -> StorageOut:
    """All of them. Reads what PostgreSQL counts anyway, and no row."""
    return StorageOut(
        counted_since=await storage.counted_since(),
        tables=[TableOut.model_validate(row) for row in await storage.tables()],
        indexes=[IndexOut.model_validate(row) for row in await storage.indexes()],
    )
