"""/v1/access/login, refresh, logout, password and sessions: coming in and going."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.analytics import access_deps
from services.analytics.auth import AnalyticsRead
from services.analytics.operators.errors import WeakPassword
from services.analytics.paging import after_id
from services.analytics.sessions.errors import (
    LoginBlocked,
    LoginRefused,
    NoOperator,
    PasswordChangeDue,
    RefreshRefused,
    SessionNotFound,
)
from services.analytics.sessions.models import Origin
from services.analytics.sessions.repository import SessionReader
from services.analytics.sessions.schemas import Credentials, PasswordChange, RefreshIn, SessionOut, Tokens
from services.analytics.signing_keys.errors import LoginsNotSetUp
from shared.runtime.auth.access import public
from shared.runtime.auth.principal import Principal
from shared.runtime.errors import Forbidden
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import Limit
from shared.runtime.http.runtime import HttpRuntime, runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/access", tags=["sessions"])

_PASSWORD: Final = public("the password in the body says who it is", limit=Limit("login", "30/minute"))
_REFRESH: Final = public("the refresh token in the body says who it is", limit=Limit("refresh", "120/minute"))
SessionId = Annotated[UUID, Path(description="The session's id.")]


@router.post(
    "/login",
    name="login",
    summary="Log in",
    dependencies=[_PASSWORD],
    responses=problems(LoginRefused, PasswordChangeDue, LoginBlocked, LoginsNotSetUp),
)
async def login(body: Credentials, request: Request, response: Response) -> Tokens:
    """A token for minutes, and a refresh token for the next one. After five failures the account has to wait, and after twenty
    the address: one second, then two, four, up to a quarter of an hour."""
    response.headers["Cache-Control"] = "no-store"
    return await access_deps.login(runtime_of(request)).login(body, _origin(request))


@router.post(
    "/password",
    name="change_password",
    status_code=204,
    summary="Choose a password",
    dependencies=[_PASSWORD],
    responses=problems(LoginRefused, LoginBlocked, WeakPassword),
)
async def change_password(body: PasswordChange, request: Request) -> None:
    """With the one that was given out for once, or the one there is. All sessions end."""
    runtime = _changing(request)
    await access_deps.login(runtime).change_password(body, _origin(request))


@router.post(
    "/refresh",
    name="refresh",
    summary="Go on with a session",
    dependencies=[_REFRESH],
    responses=problems(RefreshRefused, LoginsNotSetUp),
)
async def refresh(body: RefreshIn, request: Request, response: Response) -> Tokens:
    """The refresh token is used up by this. One that comes again ends its session: somebody has copied it."""
    response.headers["Cache-Control"] = "no-store"
    return await access_deps.refreshing(_changing(request)).refresh(body.refresh_token)


@router.post("/logout", name="logout", status_code=204, summary="Log out", dependencies=[_REFRESH])
async def logout(body: RefreshIn, request: Request) -> None:
    """Its session ends, and every service refuses its tokens. Repeated, or with one that is not known, it does nothing."""
    await access_deps.refreshing(_changing(request)).logout(body.refresh_token)


@router.get("/sessions", name="list", summary="List sessions", responses=problems(NoOperator))
async def list_sessions(
    principal: AnalyticsRead,
    db: ReadDb,
    paging: Paging,
    operator_id: Annotated[UUID | None, Query(description="Whose; one's own if not given. Needs `analytics:admin`.")] = None,
) -> Page[SessionOut]:
    """The newest first, with those that have ended within the last 90 days."""
    whose = _own(principal) if operator_id is None else operator_id
    if whose != _operator(principal) and not principal.may("analytics:admin"):
        raise Forbidden("other operators' sessions need analytics:admin; leave operator_id out for your own")
    rows = await SessionReader(db).of(whose, principal.organization_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, SessionOut, key=lambda row: (row.id,))


@router.post(
    "/sessions/{session_id:uuid}/revoke",
    name="revoke",
    summary="Revoke a session",
    responses=problems(SessionNotFound, NoOperator),
)
async def revoke(principal: AnalyticsRead, session_id: SessionId, request: Request, db: WriteDb) -> SessionOut:
    """One's own, or with `analytics:admin` anybody's. Every service refuses its tokens within seconds."""
    runtime = _changing(request)
    of = None if principal.may("analytics:admin") else _own(principal)
    ending = access_deps.ending(db, runtime, by=principal.id)
    return SessionOut.model_validate(await ending.one(session_id, of=of, bound_to=principal.organization_id))


def _changing(request: Request) -> HttpRuntime:
    """The runtime, which is to look up anew what it believes of its callers."""
    runtime = runtime_of(request)
    runtime.authenticator.forget()
    return runtime


def _origin(request: Request) -> Origin:
    address = request.client.host if request.client else "unknown"
    return Origin(address, request.headers.get("user-agent", ""))


def _operator(principal: Principal) -> UUID | None:
    kind, _, rest = principal.id.partition(":")
    try:
        return UUID(rest) if kind == "operator" else None
    except ValueError:
        return None


def _own(principal: Principal) -> UUID:
    found = _operator(principal)
    if found is None:
        raise NoOperator("these credentials are no operator's, so they have no sessions; name one: ?operator_id=…")
    return found
