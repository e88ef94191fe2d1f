"""/v1/access/audit: who decided what on access, and the proof that nobody has changed it."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.analytics import access_deps
from services.analytics.access_audit.schemas import AuditProofWithCheckpoints
from services.analytics.auth import AnalyticsOverseer
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.session import ReadDb
from shared.runtime.operations.audit.repository import AuditFilter, AuditRepository
from shared.runtime.operations.audit.schemas import AuditLine

router = APIRouter(prefix="/v1/access/audit", tags=["access audit"])

Only = Annotated[str | None, Query(max_length=300, pattern=r"^[^\x00]+$", description="Only lines with exactly this.")]


@router.get("", name="list", summary="List what was decided on access")
async def list_lines(
    _: AnalyticsOverseer, db: ReadDb, paging: Paging, actor: Only = None, action: Only = None, target: Only = None
) -> Page[AuditLine]:
    """The newest first. Nobody's name or address is in it: actors and targets are ids."""
    before = int(str(paging.after[0])) if paging.after else None
    wanted = AuditFilter(actor, action, target, area="access")
    rows = await AuditRepository(db).newest(wanted, before=before, limit=paging.fetch)
    return paging.page(rows, AuditLine, key=lambda row: (row.id,))


@router.get("/proof", name="prove", summary="Prove the audit")
async def prove(_: AnalyticsOverseer, db: ReadDb) -> AuditProofWithCheckpoints:
    """Works out the hashes of all lines again, and looks at the signatures of what stands for those that were let go of."""
    return await access_deps.audit_proving(db).prove()
