"""Where gateways report. Who may is proven by a signature over the raw body; what is verified is stored, and applied apart."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request

from services.payments import webhook_deps
from services.payments.auth import OverseeingAdmin
from services.payments.gateways.errors import ForgedWebhook, GatewayAccountNotFound, UnreadableWebhook
from services.payments.paging import after_id
from services.payments.webhooks.errors import GatewayEventNotFound
from services.payments.webhooks.models import EventState
from services.payments.webhooks.repository import EventReader
from services.payments.webhooks.schemas import GatewayEventOut
from shared.runtime.auth.access import public
from shared.runtime.http.cursors import Page, Paging
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import UNLIMITED
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import ReadDb, WriteDb

webhooks = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
events = APIRouter(prefix="/v1/gateway-events", tags=["gateway events"])

MAX_BYTES: Final = 512 * 1024
_SIGNED: Final = problems(ForgedWebhook, UnreadableWebhook, GatewayAccountNotFound)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {}, "example": {"entity": "event", "event": "payment.captured", "payload": {}}}
        },
    }
}


_INSTALLED: Final = public("gateways sign their events by HMAC, which is verified over the raw body", limit=UNLIMITED)


@webhooks.post(
    "/razorpay",
    name="take_razorpay",
    status_code=204,
    summary="Take an event of Razorpay",
    max_body_size=MAX_BYTES,
    dependencies=[_INSTALLED],
    responses=_SIGNED,
    openapi_extra=_BODY,
)
async def take_razorpay(request: Request, db: WriteDb) -> None:
    """To the installation's own account. An event that comes again is kept once; both secrets count during a rotation."""
    runtime = runtime_of(request)
    account = webhook_deps.installed_account(runtime, "razorpay")
    await webhook_deps.webhook_intake(db, runtime).take(account, await request.body(), request.headers)


@webhooks.post(
    "/stripe",
    name="take_stripe",
    status_code=204,
    summary="Take an event of Stripe",
    max_body_size=MAX_BYTES,
    dependencies=[_INSTALLED],
    responses=_SIGNED,
    openapi_extra=_BODY,
)
async def take_stripe(request: Request, db: WriteDb) -> None:
    """As of Razorpay. What is signed longer than five minutes ago is not taken; Stripe signs its repeats anew."""
    runtime = runtime_of(request)
    account = webhook_deps.installed_account(runtime, "stripe")
    await webhook_deps.webhook_intake(db, runtime).take(account, await request.body(), request.headers)


@webhooks.post(
    "/accounts/{account_id}",
    name="take_account",
    status_code=204,
    summary="Take an event of an organization's own account",
    max_body_size=MAX_BYTES,
    dependencies=[public("gateways sign their events with the secret that is stored with the account", limit=UNLIMITED)],
    responses=_SIGNED,
    openapi_extra=_BODY,
)
async def take_account(
    account_id: Annotated[UUID, Path(description="The `id` of the gateway account.")], request: Request, db: WriteDb
) -> None:
    """It counts for payments through that account alone."""
    runtime = runtime_of(request)
    account = await webhook_deps.own_account(db, runtime, account_id)
    await webhook_deps.webhook_intake(db, runtime).take(account, await request.body(), request.headers)


@events.get("", name="list", summary="List what gateways have reported")
async def list_events(
    _: OverseeingAdmin,
    db: ReadDb,
    paging: Paging,
    state: Annotated[EventState | None, Query(description="`waiting` is not applied yet.")] = None,
    entity_id: Annotated[str | None, Query(max_length=200, description="The gateway's id of what it is about.")] = None,
) -> Page[GatewayEventOut]:
    """The newest first, of all accounts. What they said is not shown: it names people."""
    rows = await EventReader(db).newest(state=state, entity_id=entity_id, after=after_id(paging), limit=paging.fetch)
    return paging.page(rows, GatewayEventOut, key=lambda row: (row.id,))


@events.post(
    "/{event_id:uuid}/replay",
    name="replay",
    status_code=202,
    summary="Apply an event again",
    responses=problems(GatewayEventNotFound),
)
async def replay(event_id: UUID, _: OverseeingAdmin, request: Request, db: WriteDb) -> None:
    """It does no harm: the same facts end in the same state."""
    await webhook_deps.webhook_intake(db, runtime_of(request)).replay(event_id)
