"""/v1/reports: asked for, followed, fetched and verified. /v1/report-subscriptions: who gets the daily one."""

import asyncio
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.analytics import report_deps
from services.analytics.auth import AnalyticsWrite, ReadableOrganization
from services.analytics.organizations.errors import OrganizationNotFound
from services.analytics.reports.errors import (
    InvalidReport,
    ReportFileNotFound,
    ReportNotDone,
    ReportNotFound,
    SubscriptionNotFound,
)
from services.analytics.reports.figure_models import Figures
from services.analytics.reports.file_models import FileName
from services.analytics.reports.making import differing
from services.analytics.reports.repository import ReportReader
from services.analytics.reports.schemas import (
    ReportDetail,
    ReportIn,
    ReportOut,
    SubscriptionIn,
    SubscriptionOut,
    VerifiedOut,
)
from services.analytics.reports.service import Content, file_of, report_of
from services.analytics.reports.subscribing import shown
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/reports", tags=["reports"])
subscriptions = APIRouter(prefix="/v1/report-subscriptions", tags=["report subscriptions"])

ReportId = Annotated[UUID, Path(description="The report's id.")]
Name = Annotated[FileName, Path(description="One of the report's files.")]
FILE_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def file_response(content: Content, name: str) -> Response:
    """A file under its name, with its hash as entity tag."""
    media_type, sha256, body = content
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "ETag": f'"{sha256}"',
        "Cache-Control": "private, no-cache",
    }
    return Response(body, media_type=media_type, headers=headers)


@router.post(
    "", status_code=202, name="create", summary="Ask for a report", responses=problems(InvalidReport, OrganizationNotFound)
)
async def create(
    body: ReportIn,
    principal: AnalyticsWrite,
    organization_id: ReadableOrganization,
    request: Request,
    response: Response,
    db: WriteDb,
) -> ReportOut:
    """It is made within seconds; its own address says how far it is. The same days as of the same moment are the same report,
    whoever asks and however often, so it needs no Idempotency-Key."""
    requesting = report_deps.requesting(db, runtime_of(request).clock, by=principal.id)
    report = await requesting.ask(organization_id, body.first, body.last, body.as_of, body.to_email)
    response.headers["Location"] = f"/v1/reports/{report.id}"
    return ReportOut.of(report)


@router.get("", name="list", summary="List reports")
async def list_reports(organization_id: ReadableOrganization, db: ReadDb, paging: Paging) -> Page[ReportOut]:
    """The newest first."""
    after = paging.after[0] if paging.after else None
    assert after is None or isinstance(after, UUID), "cursors are signed, so this list has made it"
    rows = await ReportReader(db).newest(organization_id, after=after, limit=paging.fetch)
    return paging.page([ReportOut.of(row) for row in rows], ReportOut, key=lambda row: (row.id,))


@router.get("/{report_id:uuid}", name="get", summary="Read a report", responses=problems(ReportNotFound))
async def get(report_id: ReportId, organization_id: ReadableOrganization, db: ReadDb) -> ReportDetail:
    """How far it is, and the files that are there."""
    reports = ReportReader(db)
    report = await report_of(reports, report_id, organization_id)
    return ReportDetail.of(report, list(await reports.files(report.id)))


@router.get(
    "/{report_id:uuid}/files/{name}",
    name="file",
    summary="Fetch a report's file",
    response_class=Response,
    responses={**FILE_ANSWER, **problems(ReportNotFound, ReportFileNotFound, ReportNotDone)},
)
async def get_file(report_id: ReportId, name: Name, organization_id: ReadableOrganization, db: ReadDb) -> Response:
    """report.pdf, report.xlsx, summary.csv, days.csv and manifest.json; its ETag is its SHA-256."""
    reports = ReportReader(db)
    report = await report_of(reports, report_id, organization_id)
    return file_response(await file_of(reports, report, name), name)


@router.post(
    "/{report_id:uuid}/verify",
    name="verify",
    summary="Make a report's files again and compare",
    responses=problems(ReportNotFound, ReportNotDone),
)
async def verify(report_id: ReportId, _: AnalyticsWrite, organization_id: ReadableOrganization, db: ReadDb) -> VerifiedOut:
    """Makes every file anew of the frozen figures and compares their hashes; nothing is kept."""
    reports = ReportReader(db)
    report = await report_of(reports, report_id, organization_id)
    figures = await reports.figures(report.id)
    if figures is None or report.figures_sha256 is None or report.status != "done":
        raise ReportNotDone("there is nothing to compare before it is done")
    kept = {one.name: one.sha256 for one in await reports.files(report.id)}
    found = await asyncio.to_thread(differing, Figures.model_validate_json(figures), report.figures_sha256, kept)
    return VerifiedOut(is_same=not found, differing=found)


@subscriptions.get("", name="list", summary="List who gets the daily report")
async def list_subscriptions(organization_id: ReadableOrganization, db: ReadDb) -> list[SubscriptionOut]:
    """The oldest first."""
    return [shown(one) for one in await ReportReader(db).subscriptions(organization_id)]


@subscriptions.post(
    "", status_code=201, name="create", summary="Have somebody get the daily report", responses=problems(OrganizationNotFound)
)
async def subscribe(
    body: SubscriptionIn, principal: AnalyticsWrite, organization_id: ReadableOrganization, request: Request, db: WriteDb
) -> SubscriptionOut:
    """Of one organization, or of all together for a caller of none. An address is there once, so repeating it does no harm."""
    desk = report_deps.subscriptions(db, runtime_of(request).clock, by=principal.id)
    return shown(await desk.add(organization_id, body.to_email))


@subscriptions.delete(
    "/{subscription_id:uuid}",
    status_code=204,
    name="delete",
    summary="Have somebody not get it any more",
    responses=problems(SubscriptionNotFound),
)
async def unsubscribe(
    subscription_id: Annotated[UUID, Path(description="The subscription's id.")],
    principal: AnalyticsWrite,
    request: Request,
    db: WriteDb,
) -> None:
    """From the next one on."""
    desk = report_deps.subscriptions(db, runtime_of(request).clock, by=principal.id)
    await desk.remove(subscription_id, principal.organization_id)
