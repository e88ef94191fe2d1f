"""Tables and indexes: look."""

from fastapi import APIRouter

from shared.runtime.http.session import ReadDb
from shared.runtime.operations.storage import service
from shared.runtime.operations.storage.repository import StorageReader
from shared.runtime.operations.storage.schemas import StorageOut

reads = APIRouter()


@reads.get("/storage", summary="Show how tables and indexes are doing")
async def show_storage(db: ReadDb) -> StorageOut:
    """Of this service's schema: rows, dead ones, sizes, when they were vacuumed and analysed, and how indexes are used."""
    return await service.survey(StorageReader(db))
