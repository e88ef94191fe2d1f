"""/v1/access/operators: who may come in with a password."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response

from services.analytics import access_deps
from services.analytics.auth import AnalyticsAdmin
from services.analytics.operators.errors import EmailTaken, LastAdministrator, OperatorNotFound
from services.analytics.operators.models import Operator
from services.analytics.operators.repository import OperatorReader
from services.analytics.operators.schemas import OperatorChange, OperatorIn, OperatorOut, OperatorWithPassword
from services.analytics.operators.service import operator_of
from services.analytics.organizations.errors import OrganizationNotFound
from services.analytics.paging import after_id
from shared.runtime.auth.tenancy import ForeignOrganization, organization_of
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.dependencies import made
from shared.runtime.http.etag import ETag, IfMatch
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/access/operators", tags=["operators"])

OperatorId = Annotated[UUID, Path(description="The operator's id.")]


class Desk:
    """Changes operators for a request, and shows what one has become."""

    def __init__(self, principal: AnalyticsAdmin, request: Request, db: WriteDb, etag: ETag) -> None:
        runtime = runtime_of(request)
        # What this process believes of its callers may be about to change.
        runtime.authenticator.forget()
        self.principal = principal
        self.bound_to = principal.organization_id
        self.operators = access_deps.operators(db, runtime, by=principal.id)
        self._etag = etag

    def show(self, operator: Operator) -> OperatorOut:
        """The operator with its tag."""
        self._etag.show(operator.version)
        return OperatorOut.model_validate(operator)

    def show_once(self, operator: Operator, password: str) -> OperatorWithPassword:
        """The same with the password, which is kept nowhere."""
        assert operator.password_until is not None, "a password for once has an end"
        shown = self.show(operator).model_dump()
        return OperatorWithPassword(**shown, one_time_password=password, password_until=operator.password_until)


AtDesk = Annotated[Desk, Depends(made(Desk))]


@router.get("", name="list", summary="List operators")
async def list_operators(principal: AnalyticsAdmin, db: ReadDb, paging: Paging) -> Page[OperatorOut]:
    """The newest first. An administrator of one organization sees its operators alone."""
    rows = await OperatorReader(db).newest(principal.organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, OperatorOut, key=lambda row: (row.id,))


@router.post(
    "",
    name="create",
    status_code=201,
    summary="Create an operator",
    responses=problems(EmailTaken, OrganizationNotFound, ForeignOrganization),
)
async def create(desk: AtDesk, body: OperatorIn, response: Response) -> OperatorWithPassword:
    """The password for once is in this answer alone, and good for 24 hours. A repeated request creates nothing, because the
    address is taken then; if the answer was lost, reset the password. So it takes no Idempotency-Key: a kept answer would keep
    the password."""
    organization_id = organization_of(desk.principal, body.organization_id)
    operator, password = await desk.operators.create(body, organization_id)
    response.headers["Location"] = f"/v1/access/operators/{operator.id}"
    return desk.show_once(operator, password)


@router.get("/{operator_id:uuid}", name="get", summary="Read an operator", responses=problems(OperatorNotFound))
async def get(principal: AnalyticsAdmin, operator_id: OperatorId, db: ReadDb, etag: ETag) -> OperatorOut:
    """As it is now."""
    operator = await operator_of(OperatorReader(db), operator_id, principal.organization_id)
    etag.show(operator.version)
    return OperatorOut.model_validate(operator)


@router.patch(
    "/{operator_id:uuid}", name="change", summary="Change an operator", responses=problems(OperatorNotFound, LastAdministrator)
)
async def change(desk: AtDesk, operator_id: OperatorId, body: OperatorChange, if_match: IfMatch) -> OperatorOut:
    """Another name, another role, let in no more or again. With another role, and when let in no more, all sessions end: every
    service refuses their tokens within seconds."""
    return desk.show(await desk.operators.change(operator_id, desk.bound_to, body, if_match.check))


@router.post(
    "/{operator_id:uuid}/reset-password",
    name="reset_password",
    summary="Reset an operator's password",
    responses=problems(OperatorNotFound),
)
async def reset_password(desk: AtDesk, operator_id: OperatorId, if_match: IfMatch) -> OperatorWithPassword:
    """A password for once, good for 24 hours. The old one and all sessions end."""
    return desk.show_once(*await desk.operators.reset_password(operator_id, desk.bound_to, if_match.check))
