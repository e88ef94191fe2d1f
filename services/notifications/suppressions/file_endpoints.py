"""The suppression list as a file: POST /v1/suppressions/import and GET /v1/suppressions/export."""

from email.message import Message
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from services.notifications import deps
from services.notifications.auth import NotificationsWrite, ReadableOrganization, WritableScope
from services.notifications.suppressions.errors import (
    SuppressionFileTooLarge,
    SuppressionFileUnreadable,
    SuppressionRowsUnusable,
)
from services.notifications.suppressions.schemas import ImportReport
from shared.runtime.http.problems import may_answer, problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import Db, WriteDb

MAX_FILE_BYTES: Final = 32_000_000
_NEVER_REACHED: Final = 2**40
_CSV: Final = "text/csv; charset=utf-8; header=present"
_EXAMPLE: Final = "address,reason,note\r\nann@example.com,unsubscribed,from the older system\r\n+919812345678,opted_out,\r\n"
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"description": "A file in UTF-8."}, "example": _EXAMPLE}},
    }
}
_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "id,channel,address,scope,…\r\n"}},
    }
}

router = APIRouter(prefix="/v1/suppressions", tags=["suppressions"])


@may_answer(SuppressionFileTooLarge, SuppressionFileUnreadable)
async def file_body(request: Request) -> bytes:
    """The bytes of the request. Raises SuppressionFileTooLarge as soon as it is clear that there are too many."""
    declared = Message()
    declared["Content-Type"] = request.headers.get("content-type", "")
    if declared.get_content_type() != "text/csv" or declared.get_content_charset("utf-8") not in ("utf-8", "us-ascii"):
        raise SuppressionFileUnreadable("send the file itself as the body, in UTF-8, with `Content-Type: text/csv`")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FILE_BYTES:
            raise SuppressionFileTooLarge(
                f"a file has {MAX_FILE_BYTES // 1_000_000} MB at most; split it, each part with the header"
            )
    return bytes(body)


@router.post(
    "/import",
    name="import",
    summary="Import who is not to be written to",
    # Here the endpoint counts for itself, to say what to do with a larger file.
    max_body_size=_NEVER_REACHED,
    openapi_extra=_BODY,
    responses=problems(SuppressionFileUnreadable, SuppressionRowsUnusable),
)
async def import_file(
    *,
    request: Request,
    principal: NotificationsWrite,
    organization_id: WritableScope,
    body: Annotated[bytes, Depends(file_body)],
    db: WriteDb,
    skip_bad_rows: Annotated[bool, Query(description="Keep the good rows whatever the others are like.")] = False,
) -> ImportReport:
    """All rows are kept or none, at most 100,000. The same file again adds nothing, so it needs no Idempotency-Key.

    Columns: address and, if you like, channel, scope, category, reason (`imported`), note, expires_at; others are left out.
    """
    imports = deps.suppression_import(db, runtime_of(request), principal)
    return await imports.run(body, organization_id, skip_bad_rows=skip_bad_rows)


@router.get("/export", name="export", summary="Export the list as CSV", response_class=StreamingResponse, responses=_ANSWER)
async def export(organization_id: ReadableOrganization, db: Db) -> StreamingResponse:
    """The newest first, as many as there are. What a spreadsheet would carry out as a formula begins with an apostrophe.

    An answer that is cut off is not the whole file.
    """
    parts = await deps.suppression_export(db).begin(organization_id)
    return StreamingResponse(parts, media_type=_CSV, headers={"Content-Disposition": 'attachment; filename="suppressions.csv"'})
