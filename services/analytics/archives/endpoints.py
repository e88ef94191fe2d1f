"""/v1/monitoring/archives: what every service has put into files."""

from fastapi import APIRouter, Request

from services.analytics import archive_deps as deps
from services.analytics.archives.schemas import ArchivesOut
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/archives", tags=["monitoring"])


@router.get("", name="list_archives", summary="Sum up the archives of all services")
async def list_archives(db: ReadDb, request: Request) -> ArchivesOut:
    """By service and table: rows, bytes, from when they are. Files are listed by `/v1/operations/archives` of their service."""
    return await deps.archives(runtime_of(request), db).all()
