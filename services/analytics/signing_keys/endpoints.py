"""/v1/access/jwks.json and /v1/access/signing-keys: the keys that sign operators' tokens."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.analytics import access_deps
from services.analytics.auth import AnalyticsOverseer
from services.analytics.signing_keys.errors import LoginsNotSetUp, SigningKeyNotFound
from services.analytics.signing_keys.repository import SigningKeyReader
from services.analytics.signing_keys.schemas import JwksOut, LostKey, SigningKeyOut
from shared.runtime.auth.access import public
from shared.runtime.auth.keys import jwks
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

router = APIRouter(prefix="/v1/access", tags=["signing keys"])

Kid = Annotated[str, Path(max_length=100, pattern=r"^access:[0-9a-f]+$", examples=["access:0af1"])]


@router.get(
    "/jwks.json",
    name="jwks",
    summary="Read the key set",
    dependencies=[public("public keys are for everybody who checks a token")],
)
async def read_jwks(db: ReadDb, response: Response) -> JwksOut:
    """The keys whose tokens are good: for `AUTH_JWKS` of the services, and for anybody else who checks tokens."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return JwksOut(**jwks(key.public_jwk for key in await SigningKeyReader(db).listed()))


@router.get("/signing-keys", name="list", summary="List signing keys")
async def list_keys(_: AnalyticsOverseer, db: ReadDb) -> list[SigningKeyOut]:
    """Those that are listed, the newest first."""
    return [SigningKeyOut.model_validate(key) for key in await SigningKeyReader(db).listed()]


@router.post("/signing-keys/rotate", name="rotate", status_code=201, summary="Rotate the key", responses=problems(LoginsNotSetUp))
async def rotate(principal: AnalyticsOverseer, request: Request, db: WriteDb) -> SigningKeyOut:
    """A new key that signs in five minutes, when every service has read it. Nobody has to log in again."""
    made = await access_deps.signing_keys(db, runtime_of(request), by=principal.id).rotate()
    return SigningKeyOut.model_validate(made)


@router.post(
    "/signing-keys/{kid}/lost",
    name="lose",
    status_code=204,
    summary="Report a key that somebody else may have",
    responses=problems(SigningKeyNotFound, LoginsNotSetUp),
)
async def lose(principal: AnalyticsOverseer, kid: Kid, body: LostKey, request: Request, db: WriteDb) -> None:
    """Every service refuses what it has signed, within seconds, and another key signs. Sessions go on with their next refresh."""
    runtime = runtime_of(request)
    runtime.authenticator.forget()
    await access_deps.signing_keys(db, runtime, by=principal.id).lose(kid, body.reason)
    await access_deps.revoking(db, runtime, by=principal.id).key(kid, body.reason)
