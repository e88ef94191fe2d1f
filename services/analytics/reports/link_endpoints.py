"""/v1/report-links/{token}: a report for whoever was mailed a link to it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from services.analytics.reports.endpoints import FILE_ANSWER, file_response
from services.analytics.reports.errors import ReportFileNotFound, ReportLinkNotFound
from services.analytics.reports.file_models import FileName
from services.analytics.reports.repository import ReportReader
from services.analytics.reports.service import file_of, linked_report
from shared.runtime.auth.access import public
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb

router = APIRouter(
    prefix="/v1/report-links",
    tags=["report links"],
    dependencies=[
        public("whoever was mailed the link of a report may fetch it for two weeks", limit=Limit("links", "120/minute"))
    ],
)


@router.get(
    "/{token}",
    name="file",
    summary="Fetch a report's file by a link",
    response_class=Response,
    responses={**FILE_ANSWER, **problems(ReportLinkNotFound, ReportFileNotFound)},
)
async def linked_file(
    token: Annotated[str, Path(max_length=100, description="The secret of the link.", examples=["q2w…"])],
    request: Request,
    db: ReadDb,
    file: Annotated[FileName, Query(description="Which of the report's files.")] = "report.pdf",
) -> Response:
    """As with a token; the link leads there for 14 days."""
    reports = ReportReader(db)
    report = await linked_report(reports, token, runtime_of(request).clock())
    return file_response(await file_of(reports, report, file), file)
