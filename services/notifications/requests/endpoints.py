"""Asking for messages over HTTP."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response

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
from services.notifications.requests.service import Requested, Writing
from services.notifications.sms.errors import NumberUnusable
from services.notifications.templates.errors import TemplateUnusable
from shared.contracts.lanes import LANES, Lane
from shared.contracts.notifications import ChannelSend, SendEmail, SendNotification, SendSms, SendTemplatedEmail, SendTemplatedSms
from shared.runtime.http.dependencies import made
from shared.runtime.http.idempotency import Idempotent, IdempotentRoute
from shared.runtime.http.problems import problems
from shared.runtime.http.runtime import HttpRuntime, runtime_of
from shared.runtime.http.session import WriteDb
from shared.runtime.outbox import MessageTooLarge

router = APIRouter(prefix="/v1", route_class=IdempotentRoute)
MessageBody = EmailCreate | TemplatedEmailCreate | SmsCreate | TemplatedSmsCreate | NotificationCreate
M = TypeVar("M", bound=ChannelSend)
_TEMPLATED = (RecipientUnknown, TemplateUnknown, TemplateUnusable, MarketingLocked, MessageTooLarge)


class MessageRequest:
    """A request for a message: for which organization, and its answer. Once per Idempotency-Key."""

    def __init__(self, request: Request, response: Response, organization_id: WritableScope, db: WriteDb, _: Idempotent) -> None:
        self._runtime = runtime_of(request)
        self._response = response
        self._organization_id = organization_id
        self._db = db
        self._requests = sending_deps.requests(db, self._runtime)

    async def send(self, kind: type[M], body: MessageBody, writing: Callable[[HttpRuntime], Writing[M]]) -> MessageAccepted:
        """Ask for a message of this kind over one channel."""
        message = kind(**self._fields(body))
        requested = await self._requests.request(message, writing(self._runtime), _lane(body.lane))
        return self._accepted(requested, f"/v1/deliveries/{requested.id}")

    async def notify(self, body: NotificationCreate) -> MessageAccepted:
        """Ask for a notice."""
        message = SendNotification(**self._fields(body))
        requested = await self._requests.notify(message, sending_deps.notice_check(self._db), _lane(body.lane))
        return self._accepted(requested, f"/v1/deliveries?notice_id={requested.id}")

    def _fields(self, body: MessageBody) -> dict[str, Any]:
        return {**body.model_dump(exclude={"lane"}), "organization_id": self._organization_id}

    def _accepted(self, requested: Requested, location: str) -> MessageAccepted:
        self._response.headers["Location"] = location
        return MessageAccepted.model_validate(requested)


Asked = Annotated[MessageRequest, Depends(made(MessageRequest))]


@router.post(
    "/emails",
    name="send_email",
    tags=["emails"],
    status_code=202,
    summary="Send an e-mail",
    responses=problems(AddressUnusable, MessageTooLarge),
)
async def send_email(body: EmailCreate, asked: Asked) -> MessageAccepted:
    """At most once per Idempotency-Key. Text and HTML together have at most 64 KB."""
    return await asked.send(SendEmail, body, sending_deps.writing_emails)


@router.post(
    "/templated-emails",
    name="send_templated_email",
    tags=["emails"],
    status_code=202,
    summary="Send an e-mail that a template makes",
    responses=problems(AddressUnusable, *_TEMPLATED),
)
async def send_templated_email(body: TemplatedEmailCreate, asked: Asked) -> MessageAccepted:
    """At most once per Idempotency-Key. The template is rendered before this answers, and what it made is what is sent.

    A version that the organization of the request has published goes before the default one.
    """
    return await asked.send(SendTemplatedEmail, body, sending_deps.writing_templated_emails)


@router.post(
    "/sms",
    name="send_sms",
    tags=["sms"],
    status_code=202,
    summary="Send an SMS",
    responses=problems(NumberUnusable, MessageTooLarge),
)
async def send_sms(body: SmsCreate, asked: Asked) -> MessageAccepted:
    """At most once per Idempotency-Key. In India the text must be a registered one; see `/v1/dlt-templates`."""
    return await asked.send(SendSms, body, sending_deps.writing_sms)


@router.post(
    "/templated-sms",
    name="send_templated_sms",
    tags=["sms"],
    status_code=202,
    summary="Send an SMS that a template makes",
    responses=problems(NumberUnusable, *_TEMPLATED),
)
async def send_templated_sms(body: TemplatedSmsCreate, asked: Asked) -> MessageAccepted:
    """At most once per Idempotency-Key. The template is rendered before this answers, and what it made is what is sent."""
    return await asked.send(SendTemplatedSms, body, sending_deps.writing_templated_sms)


@router.post(
    "/notifications",
    name="notify",
    tags=["notifications"],
    status_code=202,
    summary="Tell a person something over the channels that the person wants",
    responses=problems(*_TEMPLATED, NothingToSay, NobodyReachable),
)
async def notify(body: NotificationCreate, asked: Asked) -> MessageAccepted:
    """At most once per Idempotency-Key. Each channel becomes a delivery of its own, and one that is left out says why.

    Person, template and variables are looked at before this answers.
    """
    return await asked.notify(body)


def _lane(name: str) -> Lane:
    return LANES[f"notifications.{name}"]
