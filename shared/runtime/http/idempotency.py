"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07) on POSTs that create or move something.

    router = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=IdempotentRoute)

    @router.post("", status_code=201)
    async def create(body: OrderCreate, principal: OrdersWrite, db: WriteDb, _: Idempotent) -> Order:

The answer is saved by the transaction of the endpoint, so effect and answer exist together or not at all. Same key and
request: the saved answer again, marked `Idempotent-Replayed: true`. Another request under the key: 422. While the first is
still running: 409 at once. An endpoint that raises has changed nothing, and its key is free again.

An endpoint that calls the outside world must not hold a transaction meanwhile. It takes `IdempotentByLease` and `db: Db`
instead: the key is committed as in progress under a lease of 60 seconds, of which the endpoint has 50. A refusal gives the key
back. A crash or an unknown error lets the lease run out; the repeated request then runs the endpoint again, which must
find out from the provider, by the same provider key, what became of the first.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from shared.runtime.auth.access import authenticate
from shared.runtime.auth.principal import Principal
from shared.runtime.db import Database, Session
from shared.runtime.errors import ServiceError, Unavailable
from shared.runtime.http import idempotency_store as store
from shared.runtime.http.errors import BadRequest
from shared.runtime.http.idempotency_store import Claim, KeyReused, RequestInFlight, StoredAnswer
from shared.runtime.http.metrics import route_template
from shared.runtime.http.problems import may_answer
from shared.runtime.http.session import Db, WriteDb

LEASED_WORK_S: Final = 50.0
_KEPT_HEADERS: Final = ("content-type", "location", "etag")
_BARE: Final = re.compile(r"[\x21\x23-\x7e]{1,255}")
_QUOTED: Final = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=300,
        description="Required. A new UUID for each new request, the same one for its repetitions.",
    ),
]


class IdempotencyKeyMissing(BadRequest):
    code, title = "idempotency_key_missing", "Idempotency-Key is required"


class IdempotencyKeyMalformed(BadRequest):
    code, title = "idempotency_key_malformed", "Idempotency-Key cannot be read"


class Replayed(Exception):
    """Ends a request whose answer is known already; the application answers with it."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__()
        self.response = Response(answer.body, answer.status, headers={**answer.headers, "Idempotent-Replayed": "true"})


@may_answer(IdempotencyKeyMissing, IdempotencyKeyMalformed, KeyReused, RequestInFlight)
async def claim_of(request: Request, principal: Annotated[Principal, Depends(authenticate)], key: KeyHeader = None) -> Claim:
    """The claim that the request makes. The key is kept as a hash only: clients have put order numbers and addresses into it."""
    if key is None:
        raise IdempotencyKeyMissing("send Idempotency-Key with a new UUID, and send the same one again if you repeat the request")
    quoted = _QUOTED.fullmatch(key.strip())
    plain = re.sub(r'\\(["\\])', r"\1", quoted[1]) if quoted else key.strip()
    if not quoted and not _BARE.fullmatch(plain):
        raise IdempotencyKeyMalformed(
            'Idempotency-Key must be 1 to 255 printable ASCII characters, best a UUID in quotes: "8e03978e-…"'
        )
    said = hashlib.sha256()
    for part in (request.method, request.url.path, request.url.query, request.headers.get("content-type", "")):
        said.update(part.encode() + b"\0")
    said.update(await request.body())
    route = f"{request.method} {route_template(request.scope)}"
    # The same subject may act for several organizations.
    whose = f"{principal.id}@{principal.organization_id or ''}"
    return Claim(whose, route, hashlib.sha256(plain.encode()).digest(), said.digest())


async def _once(request: Request, db: WriteDb, claim: Annotated[Claim, Depends(claim_of)]) -> None:
    answer = await store.begin(db, claim)
    if answer is not None:
        raise Replayed(answer)
    request.state.idempotency = _InTransaction(db, claim)


async def _once_by_lease(request: Request, db: Db, claim: Annotated[Claim, Depends(claim_of)]) -> None:
    async with db.unit_of_work() as session:
        answer = await store.begin(session, claim)
        if answer is not None:
            raise Replayed(answer)
        lease_until = await store.lease(session, claim)
    request.state.idempotency = _UnderLease(db, claim, lease_until)
    # The endpoint must end before its lease does, or two could work at once.
    request.state.idempotency_deadline.reschedule(asyncio.get_running_loop().time() + LEASED_WORK_S)


Idempotent = Annotated[None, Depends(_once)]
IdempotentByLease = Annotated[None, Depends(_once_by_lease)]
DEPENDENCIES: Final = (_once, _once_by_lease)


class IdempotentRoute(APIRoute):
    """Saves the finished response of endpoints that take `Idempotent` or `IdempotentByLease`; others are not touched."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            deadline = request.state.idempotency_deadline = asyncio.timeout(None)
            try:
                async with deadline:
                    response = await handle(request)
            except ServiceError as error:
                await _refused(request, error)
                raise
            except TimeoutError:
                if not deadline.expired():
                    raise
                raise Unavailable(
                    "it took too long and its outcome is not known yet; repeat it with the same Idempotency-Key"
                ) from None
            pending: _Pending | None = getattr(request.state, "idempotency", None)
            if pending is not None:
                headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
                await pending.save(StoredAnswer(response.status_code, headers, bytes(response.body)), json.dumps(headers))
            return response

        return handle_once


async def _refused(request: Request, error: ServiceError) -> None:
    pending: _Pending | None = getattr(request.state, "idempotency", None)
    if pending is not None and error.status < 500:
        await pending.release()


@dataclass(frozen=True, slots=True)
class _InTransaction:
    """The endpoint's transaction has the key; its end gives the key back."""

    session: Session
    claim: Claim

    async def save(self, answer: StoredAnswer, headers_json: str) -> None:
        await store.save(self.session, self.claim, answer, headers_json)

    async def release(self) -> None:
        return


@dataclass(frozen=True, slots=True)
class _UnderLease:
    """A committed row has the key until `lease_until`."""

    database: Database
    claim: Claim
    lease_until: datetime

    async def save(self, answer: StoredAnswer, headers_json: str) -> None:
        async with self.database.unit_of_work() as session:
            # Where the lease was lost, whoever took over has an answer of its own, and ours is still true.
            await store.finish(session, self.claim, self.lease_until, answer, headers_json)

    async def release(self) -> None:
        async with self.database.unit_of_work() as session:
            await store.release(session, self.claim, self.lease_until)


_Pending = _InTransaction | _UnderLease
