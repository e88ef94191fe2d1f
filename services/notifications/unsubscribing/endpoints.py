"""The pages behind the links of messages, for people without an account and for their mail programs."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse

from services.notifications import preference_deps as deps
from services.notifications.preferences.errors import CategoryLocked, TokenInvalid
from services.notifications.preferences.tokens import MAX_TOKEN_CHARS
from services.notifications.unsubscribing.errors import FormUnusable
from services.notifications.unsubscribing.pages import POLICY, Page
from services.notifications.unsubscribing.schemas import PREFERENCE_FORM, UnsubscribeForm
from services.notifications.unsubscribing.texts import accepted
from shared.runtime.auth.access import public
from shared.runtime.errors import ServiceError
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

MAX_FORM_BYTES: Final = 50_000

# Wide, because the button of a large mail provider is pressed for many people from few addresses.
_LIMIT: Final = Limit("links", "1200/minute")
_OPEN: Final = public(
    "whoever holds a message may decline what it is about; its link carries a token that we signed", limit=_LIMIT
)

router = APIRouter(prefix="/v1", tags=["public-pages"], dependencies=[_OPEN])

Token = Annotated[str, Path(max_length=MAX_TOKEN_CHARS, description="Of the link in a message.", examples=["k1.WyJ0….q2w…"])]


async def languages(request: Request) -> Sequence[str]:
    """Those that the reader's program asks for."""
    return accepted(request.headers.get("accept-language"))


Languages = Annotated[Sequence[str], Depends(languages)]


def _says(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """Errors that are told as a page."""
    documented = problems(*errors)
    for entry in documented.values():
        entry["content"]["text/html"] = {"schema": {"type": "string"}}
    return documented


def _shown(page: Page) -> HTMLResponse:
    headers = {"Content-Security-Policy": POLICY, "Content-Language": page.language, "X-Robots-Tag": "noindex"}
    return HTMLResponse(page.html, page.status, headers=headers)


@router.head("/unsubscribe/{token}", include_in_schema=False)
@router.get(
    "/unsubscribe/{token}",
    name="ask",
    summary="Show the page that unsubscribes",
    response_class=HTMLResponse,
    responses=_says(TokenInvalid),
)
async def ask_to_unsubscribe(token: Token, request: Request, accepts: Languages, db: ReadDb) -> HTMLResponse:
    """One button. Opening it changes nothing, because scanners open every link of a mail."""
    return _shown(await deps.public_pages(db, runtime_of(request)).unsubscribe(token, accepts))


@router.post(
    "/unsubscribe/{token}",
    name="unsubscribe",
    summary="Unsubscribe",
    response_class=HTMLResponse,
    responses=_says(TokenInvalid, CategoryLocked),
    max_body_size=MAX_FORM_BYTES,
)
async def unsubscribe(
    token: Token, form: Annotated[UnsubscribeForm, Form()], request: Request, accepts: Languages, db: WriteDb
) -> HTMLResponse:
    """For mail programs (RFC 8058) an empty answer, for the page's own button a page. Doing it again does no harm."""
    changes = deps.public_changes(db, runtime_of(request))
    if form.action is None:
        await changes.one_click(token)
        return HTMLResponse("")
    return _shown(await changes.act(token, form.action, accepts))


@router.head("/preferences/{token}", include_in_schema=False)
@router.get(
    "/preferences/{token}",
    name="preferences",
    summary="Show the page of preferences",
    response_class=HTMLResponse,
    responses=_says(TokenInvalid),
)
async def show_preferences(token: Token, request: Request, accepts: Languages, db: ReadDb) -> HTMLResponse:
    """Every category and channel that can be declined, and the times at which nothing is sent. Changes nothing."""
    return _shown(await deps.public_pages(db, runtime_of(request)).preferences(token, accepts))


@router.post(
    "/preferences/{token}",
    name="save_preferences",
    summary="Save the page of preferences",
    response_class=HTMLResponse,
    responses=_says(TokenInvalid, FormUnusable),
    openapi_extra=PREFERENCE_FORM,
    max_body_size=MAX_FORM_BYTES,
)
async def save_preferences(token: Token, request: Request, accepts: Languages, db: WriteDb) -> HTMLResponse:
    """What the form does not name stays as it is. Where something of it cannot be, the page says what, and nothing is kept."""
    form = await request.form(max_files=0)
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return _shown(await deps.public_changes(db, runtime_of(request)).save(token, fields, accepts))
