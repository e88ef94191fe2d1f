"""Where providers report what became of messages, each in its own form. Who may is proven by a signature or a secret.

Every call-back is checked over its bytes, stored and answered with 204; a worker applies it.
"""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Request

from services.notifications import callback_deps
from services.notifications.callbacks.account_callbacks import Posted
from services.notifications.callbacks.bounce_mail import MAX_MAIL_BYTES
from services.notifications.callbacks.errors import (
    BounceMailRefused,
    CallbackNotCheckable,
    CallbackNotSetUp,
    CallbackRefused,
    CallbackUnreadable,
)
from shared.runtime.auth.access import public
from shared.runtime.http.problems import problems
from shared.runtime.http.rate_limits import UNLIMITED
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb

router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"])

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_SIGNED: Final = problems(CallbackRefused, CallbackNotSetUp, CallbackUnreadable)


def _taking(examples: dict[str, Any], header: str | None = None) -> dict[str, Any]:
    """What the OpenAPI document says of a body that is read as bytes, and of the header that proves whose it is."""
    content = {kind: {"schema": {}, "example": example} for kind, example in examples.items()}
    parameters = [{"name": header, "in": "header", "required": False, "schema": {"type": "string"}}] if header else []
    return {"requestBody": {"required": True, "content": content}, "parameters": parameters}


@router.post(
    "/sendgrid",
    name="sendgrid",
    status_code=204,
    summary="Take events of SendGrid",
    dependencies=[public("SendGrid signs its events with ECDSA, which is verified over the body", limit=UNLIMITED)],
    responses=_SIGNED,
    openapi_extra=_taking(
        {_JSON: [{"event": "delivered", "email": "ann@example.com", "timestamp": 1763600000, "sg_event_id": "abc"}]},
        "X-Twilio-Email-Event-Webhook-Signature",
    ),
)
async def take_sendgrid(request: Request, db: WriteDb) -> None:
    """Signed by the Event Webhook's key over time and body. An event that comes again is kept once."""
    events = await callback_deps.callback_readers(runtime_of(request)).sendgrid(await request.body(), request.headers)
    await callback_deps.callback_intake(db, runtime_of(request)).keep(events)


@router.post(
    "/sns",
    name="sns",
    status_code=204,
    summary="Take events of Amazon SES through SNS",
    dependencies=[public("Amazon signs SNS messages with RSA, and only our topics are heard", limit=UNLIMITED)],
    responses=_SIGNED | problems(CallbackNotCheckable),
    openapi_extra=_taking(
        {"text/plain": '{"Type": "Notification", "TopicArn": "arn:aws:sns:ap-south-1:1:ses", "Message": "{…}"}'},
        "x-amz-sns-message-type",
    ),
)
async def take_sns(request: Request, db: WriteDb) -> None:
    """Signature versions 1 and 2. A subscription is confirmed where its topic is in SNS_TOPIC_ARNS."""
    events = await callback_deps.callback_readers(runtime_of(request)).sns(await request.body(), request.headers)
    await callback_deps.callback_intake(db, runtime_of(request)).keep(events)


@router.post(
    "/twilio",
    name="twilio",
    status_code=204,
    summary="Take states and answers of Twilio",
    dependencies=[public("Twilio signs its requests by HMAC, which is verified over URL and body", limit=UNLIMITED)],
    responses=_SIGNED,
    openapi_extra=_taking({_FORM: "MessageSid=SM1&MessageStatus=delivered&To=%2B919812345678"}, "X-Twilio-Signature"),
)
async def take_twilio(request: Request, db: WriteDb) -> None:
    """Status call-backs, and STOP and START where Twilio hands answers to our numbers to this address."""
    query = request.url.query
    events = await callback_deps.callback_readers(runtime_of(request)).twilio(await request.body(), request.headers, query)
    await callback_deps.callback_intake(db, runtime_of(request)).keep(events)


@router.post(
    "/msg91/{secret}",
    name="msg91",
    status_code=204,
    summary="Take delivery reports of MSG91",
    dependencies=[public("MSG91 signs nothing; the secret in the path proves who reports", limit=UNLIMITED)],
    responses=_SIGNED,
    openapi_extra=_taking(
        {_FORM: "data=%5B%7B%22requestId%22%3A%223462%22%2C%22report%22%3A%5B%5D%7D%5D", _JSON: {"status": "1"}}
    ),
)
async def take_msg91(
    secret: Annotated[str, Path(max_length=200, description="MSG91_CALLBACK_SECRET.")], request: Request, db: WriteDb
) -> None:
    """Its forms v2 (a form with `data`) and v3 (flat JSON). A report counts for a message that we have sent to its number."""
    events = await callback_deps.callback_readers(runtime_of(request)).msg91(await request.body(), request.headers, secret)
    await callback_deps.callback_intake(db, runtime_of(request)).keep(events)


@router.post(
    "/bounce-mail",
    name="bounce_mail",
    status_code=204,
    summary="Take a bounce or complaint that came as mail",
    max_body_size=MAX_MAIL_BYTES,
    dependencies=[public("our mail server shows BOUNCE_SECRET, and each bounce address proves itself", limit=UNLIMITED)],
    responses=problems(BounceMailRefused) | _SIGNED,
    openapi_extra=_taking({"message/rfc822": "To: bounce+…@bounces.example.com\r\n\r\n…"}, "Authorization"),
)
async def take_bounce_mail(request: Request, db: WriteDb) -> None:
    """The whole mail as it arrived, at most 5 MB, with `Authorization: Bearer <BOUNCE_SECRET>`."""
    events = await callback_deps.callback_readers(runtime_of(request)).bounce_mail(await request.body(), request.headers)
    await callback_deps.callback_intake(db, runtime_of(request)).keep(events)


_ANY: Final = {_JSON: [{"event": "delivered", "sg_event_id": "abc"}], _FORM: "MessageSid=SM1&MessageStatus=delivered"}
_OWN: Final = public("each account's provider proves itself by the key or secret that is stored with it", limit=UNLIMITED)
AccountId = Annotated[UUID, Path(description="The `id` of the provider account.")]


@router.post(
    "/accounts/{account_id}",
    name="account",
    status_code=204,
    summary="Take what is reported to an organization's own account",
    dependencies=[_OWN],
    responses=_SIGNED | problems(CallbackNotCheckable),
    openapi_extra=_taking(_ANY),
)
async def take_account(account_id: AccountId, request: Request, db: WriteDb) -> None:
    """SendGrid, Amazon SES through SNS and Twilio, as above. It counts for messages of that organization alone."""
    runtime, posted = runtime_of(request), Posted(await request.body(), request.headers, request.url.query)
    events = await callback_deps.account_callbacks(db, runtime).read(account_id, posted)
    await callback_deps.callback_intake(db, runtime).keep(events, account_id)


@router.post(
    "/accounts/{account_id}/{secret}",
    name="account_with_secret",
    status_code=204,
    summary="Take what MSG91 reports to an organization's own account",
    dependencies=[_OWN],
    responses=_SIGNED | problems(CallbackNotCheckable),
    openapi_extra=_taking(_ANY),
)
async def take_account_with_secret(
    account_id: AccountId,
    secret: Annotated[str, Path(max_length=200, description="The account's `callback_secret`.")],
    request: Request,
    db: WriteDb,
) -> None:
    """It counts for messages of that organization alone."""
    runtime, posted = runtime_of(request), Posted(await request.body(), request.headers, secret=secret)
    events = await callback_deps.account_callbacks(db, runtime).read(account_id, posted)
    await callback_deps.callback_intake(db, runtime).keep(events, account_id)
