"""/v1/access/revocations and /v1/access/introspect: what tokens are worth, and ending that."""

from datetime import UTC, datetime

from fastapi import APIRouter, Request

from services.analytics import access_deps
from services.analytics.auth import AnalyticsOverseer, AnalyticsRead
from services.analytics.revocations.errors import TokenNotRevocable
from services.analytics.revocations.introspection import introspect
from services.analytics.revocations.schemas import Introspection, RevocationIn, TokenIn
from shared.runtime.auth.verifier import Authenticator
from shared.runtime.errors import Unauthenticated
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/access", tags=["revocations"])


@router.post(
    "/revocations", name="revoke", status_code=204, summary="Refuse tokens from now on", responses=problems(TokenNotRevocable)
)
async def revoke(principal: AnalyticsOverseer, body: RevocationIn, request: Request, db: WriteDb) -> None:
    """One token, all about a subject, or all that a key has signed: every service refuses it within seconds. Operators' sessions
    and API keys have calls of their own. Repeated it does no harm."""
    runtime = runtime_of(request)
    runtime.authenticator.forget()
    revoking = access_deps.revoking(db, runtime, by=principal.id)
    if body.token is not None:
        await revoking.token(*await _named(runtime.authenticator, body.token), body.reason)
    elif body.subject is not None:
        await revoking.subject(body.subject, body.issued_until, body.reason)
    elif body.key_id is not None:
        await revoking.key(body.key_id, body.reason)


async def _named(authenticator: Authenticator, token: str) -> tuple[str, datetime]:
    """The id of a token, and when it expires."""
    try:
        claims = await authenticator.claims_of(token)
    except Unauthenticated as error:
        raise TokenNotRevocable(f"it opens nothing as it is: {error.detail}") from None
    if not isinstance(claims.get("jti"), str):
        raise TokenNotRevocable("the token has no id of its own (claim jti); revoke its subject")
    return claims["jti"], datetime.fromtimestamp(int(claims["exp"]) + 60, UTC)


@router.post("/introspect", name="introspect", summary="Ask what a token is worth")
async def introspect_token(principal: AnalyticsRead, body: TokenIn, request: Request) -> Introspection:
    """As RFC 7662 has it, with the token in a JSON body: so it stands in no log of addresses."""
    return await introspect(runtime_of(request).authenticator, body.token, principal)
