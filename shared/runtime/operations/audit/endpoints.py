"""Reading the audit."""

from typing import Annotated

from fastapi import APIRouter, Query

from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.session import ReadDb
from shared.runtime.operations.audit.repository import AuditFilter, AuditRepository
from shared.runtime.operations.audit.schemas import AuditLine, AuditProof

reads = APIRouter()

Only = Annotated[str | None, Query(max_length=200, description="Only lines with exactly this.")]


@reads.get("/audit", summary="List who did what")
async def list_audit(db: ReadDb, paging: Paging, actor: Only = None, action: Only = None, target: Only = None) -> Page[AuditLine]:
    """Every change that was made through this API, the newest first."""
    before = int(str(paging.after[0])) if paging.after else None
    rows = await AuditRepository(db).newest(AuditFilter(actor, action, target), before=before, limit=paging.fetch)
    return paging.page(rows, AuditLine, key=lambda row: (row.id,))


@reads.get("/audit/proof", summary="Prove the audit")
async def prove_audit(db: ReadDb) -> AuditProof:
    """Works the hashes of all lines out again. One that was changed or taken out, at whatever end, is told."""
    return AuditProof.of(await AuditRepository(db).verify())
