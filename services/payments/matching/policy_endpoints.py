"""/v1/matching/policy: what counts when an organization's orders are matched."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.payments import matching_deps as deps
from services.payments.auth import OneOrganization, PaymentsWrite, WritableOrganization
from services.payments.matching.errors import PolicyChanged
from services.payments.matching.policy_repository import PolicyReader
from services.payments.matching.policy_schemas import PolicyIn, PolicyOut, PolicyVersionOut
from services.payments.matching.policy_service import Policies, version_out
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/matching/policy", tags=["matching-policy"])


async def policies(principal: PaymentsWrite, organization_id: WritableOrganization, db: WriteDb) -> Policies:
    """The policy that the caller writes."""
    return deps.matching_policies(db, organization_id, principal)


Writing = Annotated[Policies, Depends(policies)]


@router.get("", name="get", summary="Read the matching policy")
async def get(organization_id: OneOrganization, db: ReadDb, etag: ETag) -> PolicyOut:
    """What holds now; the built-in one, number 0, where nothing was published."""
    policy = await PolicyReader(db).newest(organization_id)
    etag.show(policy.number)
    return PolicyOut.of(policy)


@router.put("", name="publish", summary="Publish a matching policy", responses=problems(PolicyChanged))
async def publish(body: PolicyIn, writing: Writing, if_match: IfMatch, etag: ETag) -> PolicyOut:
    """A new version, which holds from the next run on; offers that stand are not touched. What was published before is kept."""
    known = await writing.current()
    if_match.check(known.number)
    policy = await writing.publish(known, body)
    etag.show(policy.number)
    return PolicyOut.of(policy)


@router.get("/versions", name="versions", summary="List what was published")
async def versions(organization_id: OneOrganization, db: ReadDb, paging: Paging) -> Page[PolicyVersionOut]:
    """The newest first."""
    before = int(str(paging.after[0])) if paging.after else None
    rows = await PolicyReader(db).versions(organization_id, before=before, limit=paging.fetch)
    return paging.page([version_out(row) for row in rows], PolicyVersionOut, key=lambda row: (row.number,))
