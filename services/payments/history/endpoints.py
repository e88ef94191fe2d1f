"""/v1/history: what happened to a refund, a refund plan, a subscription's period or its dunning, an offer or a dispute."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from services.payments.auth import ReadableOrganization
from services.payments.history.errors import WrongPart
from services.payments.history.models import Meant, Subject
from services.payments.history.repository import HistoryReader
from services.payments.history.schemas import StateChangeOut
from services.payments.paging import after_number
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.session import ReadDb

router = APIRouter(prefix="/v1/history", tags=["history"])

_OF_DAYS = frozenset({"period", "dunning"})
SubjectName = Annotated[Subject, Path(description="What it is.")]
SubjectId = Annotated[UUID, Path(description="Its id; of periods and dunning their subscription's.")]
StartOn = Annotated[date | None, Query(description="The first day of the period; of periods and dunning alone.")]


@router.get("/{subject}/{subject_id}", name="read", summary="Read what happened to one thing", responses=problems(WrongPart))
async def read_history(
    subject: SubjectName,
    subject_id: SubjectId,
    organization_id: ReadableOrganization,
    db: ReadDb,
    paging: Paging,
    start_on: StartOn = None,
) -> Page[StateChangeOut]:
    """The newest first; nothing of what is not there, or is another organization's."""
    if (start_on is not None) != (subject in _OF_DAYS):
        raise WrongPart("name start_on for period and dunning, and for nothing else")
    meant = Meant(subject, subject_id, start_on)
    rows = await HistoryReader(db).newest(meant, organization_id, before=after_number(paging), limit=paging.fetch)
    return paging.page(rows, StateChangeOut, key=lambda row: (row.number,))
