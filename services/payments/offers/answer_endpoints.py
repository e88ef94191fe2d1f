"""The page behind the link of an offer, for manufacturers without an account."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import HTMLResponse

from services.payments import matching_deps as deps
from services.payments.offers.answer_pages import POLICY, Page
from services.payments.offers.letters import ANSWER_PATH
from services.payments.offers.schemas import AnswerForm
from shared.runtime.auth.access import public
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

MAX_FORM_BYTES: Final = 10_000
_OPEN: Final = public(
    "whoever holds the mail of an offer may answer it; its link has 256 random bits that open this one offer",
    limit=Limit("offer-answers", "120/minute"),
)
_SAYS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": said, "content": {"text/html": {"schema": {"type": "string"}}}}
    for status, said in ((404, "No such offer"), (409, "The offer does not stand any more"))
}

router = APIRouter(prefix=ANSWER_PATH, tags=["offer-answers"], dependencies=[_OPEN])

Token = Annotated[str, Path(max_length=200, description="Of the link in the mail.", examples=["Jv6y…"])]


def _shown(page: Page) -> HTMLResponse:
    headers = {"Content-Security-Policy": POLICY, "X-Robots-Tag": "noindex", "Cache-Control": "no-store"}
    return HTMLResponse(page.html, page.status, headers=headers | {"Referrer-Policy": "no-referrer"})


@router.head("/{token}", include_in_schema=False)
@router.get("/{token}", name="show", summary="Show an offer", response_class=HTMLResponse, responses={404: _SAYS[404]})
async def show(token: Token, request: Request, db: ReadDb) -> HTMLResponse:
    """What is asked for, and two buttons. Opening it changes nothing, because scanners open every link of a mail."""
    return _shown(await deps.answer_pages(db, runtime_of(request).clock).show(token))


@router.post(
    "/{token}",
    name="answer",
    summary="Answer an offer",
    response_class=HTMLResponse,
    responses=_SAYS,
    max_body_size=MAX_FORM_BYTES,
)
async def answer(token: Token, form: Annotated[AnswerForm, Form()], request: Request, db: WriteDb) -> HTMLResponse:
    """Accept or decline it. Doing the same again does no harm."""
    return _shown(await deps.answers(db, runtime_of(request).clock).take(token, form))
