"""Asking for messages over HTTP."""

from fastapi import APIRouter, Request, Response

from services.notifications import sending_deps
from services.notifications.auth import WritableScope
from services.notifications.deliveries.errors import MarketingLocked, RecipientUnknown, TemplateUnknown
from services.notifications.email.errors import AddressUnusable
from services.notifications.notices.errors import NobodyReachable, NothingToSay
from services.notifications.requests.schemas import (
    EmailCreate,
    MessageAccepted,
    NotificationCreate,
    SmsCreate,
    TemplatedEmailCreate,
    TemplatedSmsCreate,
)
from services.notifications.sms.errors import NumberUnusable
from services.notifications.templates.errors import TemplateUnusable
from shared.contracts.lanes import LANES, Lane
from shared.contracts.notifications import SendEmail, SendNotification, SendSms, SendTemplatedEmail, SendTemplatedSms
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import runtime_of
from shared.runtime.http.session import WriteDb
from shared.runtime.outbox import MessageTooLarge

router = APIRouter(prefix="/v1", route_class=IdempotentRoute)
_TEMPLATED = (RecipientUnknown, TemplateUnknown, TemplateUnusable, MarketingLocked, MessageTooLarge)


@router.post(
    "/emails",
    name="send_email",
    tags=["emails"],
    status_code=202,
    summary="Send an e-mail",
    responses=problems(AddressUnusable, MessageTooLarge),
)
async def send_email(
    body: EmailCreate, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent
) -> MessageAccepted:
    """At most once per Idempotency-Key. Text and HTML together have at most 64 KB."""
    runtime = runtime_of(request)
    message = SendEmail(**body.model_dump(exclude={"lane"}), organization_id=organization_id)
    writing = sending_deps.writing_emails(runtime)
    requested = await sending_deps.requests(db, runtime).request(message, writing, _lane(body.lane))
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return MessageAccepted.model_validate(requested)


@router.post(
    "/templated-emails",
    name="send_templated_email",
    tags=["emails"],
    status_code=202,
    summary="Send an e-mail that a template makes",
    responses=problems(AddressUnusable, *_TEMPLATED),
)
async def send_templated_email(
    body: TemplatedEmailCreate, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent
) -> MessageAccepted:
    """At most once per Idempotency-Key. The template is rendered before this answers, and what it made is what is sent.

    A version that the organization of the request has published goes before the default one.
    """
    runtime = runtime_of(request)
    message = SendTemplatedEmail(**body.model_dump(exclude={"lane"}), organization_id=organization_id)
    requested = await sending_deps.requests(db, runtime).request(
        message, sending_deps.writing_templated_emails(runtime), _lane(body.lane)
    )
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return MessageAccepted.model_validate(requested)


@router.post(
    "/sms",
    name="send_sms",
    tags=["sms"],
    status_code=202,
    summary="Send an SMS",
    responses=problems(NumberUnusable, MessageTooLarge),
)
async def send_sms(
    body: SmsCreate, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent
) -> MessageAccepted:
    """At most once per Idempotency-Key. In India the text must be a registered one; see `/v1/dlt-templates`."""
    runtime = runtime_of(request)
    message = SendSms(**body.model_dump(exclude={"lane"}), organization_id=organization_id)
    writing = sending_deps.writing_sms(runtime)
    requested = await sending_deps.requests(db, runtime).request(message, writing, _lane(body.lane))
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return MessageAccepted.model_validate(requested)


@router.post(
    "/templated-sms",
    name="send_templated_sms",
    tags=["sms"],
    status_code=202,
    summary="Send an SMS that a template makes",
    responses=problems(NumberUnusable, *_TEMPLATED),
)
async def send_templated_sms(
    body: TemplatedSmsCreate, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent
) -> MessageAccepted:
    """At most once per Idempotency-Key. The template is rendered before this answers, and what it made is what is sent."""
    runtime = runtime_of(request)
    message = SendTemplatedSms(**body.model_dump(exclude={"lane"}), organization_id=organization_id)
    requested = await sending_deps.requests(db, runtime).request(
        message, sending_deps.writing_templated_sms(runtime), _lane(body.lane)
    )
    response.headers["Location"] = f"/v1/deliveries/{requested.id}"
    return MessageAccepted.model_validate(requested)


@router.post(
    "/notifications",
    name="notify",
    tags=["notifications"],
    status_code=202,
    summary="Tell a person something over the channels that the person wants",
    responses=problems(*_TEMPLATED, NothingToSay, NobodyReachable),
)
async def notify(
    body: NotificationCreate, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent
) -> MessageAccepted:
    """At most once per Idempotency-Key. Each channel becomes a delivery of its own, and one that is left out says why.

    Person, template and variables are looked at before this answers.
    """
    runtime = runtime_of(request)
    message = SendNotification(**body.model_dump(exclude={"lane"}), organization_id=organization_id)
    check = sending_deps.notice_check(db)
    requested = await sending_deps.requests(db, runtime).notify(message, check, _lane(body.lane))
    response.headers["Location"] = f"/v1/deliveries?notice_id={requested.id}"
    return MessageAccepted.model_validate(requested)


def _lane(name: str) -> Lane:
    return LANES[f"notifications.{name}"]
