"""Amazon SES under /ses: `SES_URL=http://<sandbox>/ses`."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from deploy.sandbox.callbacks import Callbacks
from deploy.sandbox.callbacks import Request as Call
from deploy.sandbox.dropping import drop
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.http_requests import request_receipt, requests_router
from deploy.sandbox.mailbox.receipt import mail_receipt
from deploy.sandbox.mailbox.rules import MailRule
from deploy.sandbox.mailbox.suppressed import Suppressed
from deploy.sandbox.provider import Core
from deploy.sandbox.ses import answers
from deploy.sandbox.ses.events import BOUNCES, SentMail, story
from deploy.sandbox.ses.lookups import lookups_router
from deploy.sandbox.ses.schemas import SendEmail
from deploy.sandbox.ses.signature import NotSigned, check
from deploy.sandbox.ses.subscriptions import Subscriptions, subscriptions_router
from deploy.sandbox.transaction import Transaction

NAME = "ses"


class SesProvider:
    """Takes mails as SendEmail does, keeps them in the mailbox, and tells by SNS what becomes of them."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self.faults = FaultBoard(NAME, MailRule, core.changes)
        self._subscriptions = Subscriptions(core)
        self._callbacks = Callbacks(core, "ses.events", self._call)

    def router(self) -> APIRouter:
        """SES's and SNS's own paths, and those for people."""
        router = APIRouter(tags=[NAME])

        @router.post(f"/{NAME}/v2/email/outbound-emails", summary="SendEmail")
        async def send(request: Request) -> Response:
            return await self._send(request)

        router.include_router(lookups_router(self._core.ledger, NAME, self._refused))
        router.include_router(requests_router(self._core, NAME))
        router.include_router(subscriptions_router(self._core, self._subscriptions, self._callbacks))
        return router

    async def start(self) -> None:
        """Nothing of its own to listen on."""

    async def check(self) -> None:
        """Served by the sandbox's own HTTP, which answers this very question."""

    async def stop(self) -> None:
        """Give back the connections of call-backs."""
        await self._callbacks.close()

    def facts(self) -> dict[str, Any]:
        """Where it is and what its users must know."""
        settings = self._core.settings
        return {
            "path": f"/{NAME}",
            "region": settings.ses_region,
            "topic_arn": settings.sns_topic_arn,
            "calls_back": self._callbacks.base_url is not None,
        }

    async def _refused(self, request: Request) -> Response | None:
        settings = self._core.settings
        try:
            check(
                request,
                await request.body(),
                key_id=settings.ses_access_key_id,
                secret=settings.ses_secret_access_key.get_secret_value(),
                region=settings.ses_region,
                service=NAME,
                now=datetime.now(UTC),
            )
        except NotSigned as wrong:
            return answers.error(wrong.kind, wrong.message)
        return None

    async def _send(self, request: Request) -> Response:
        body = await request.body()
        refused = await self._refused(request)
        if refused is not None:
            return refused
        try:
            mail = SendEmail.model_validate(json.loads(body))
        except ValidationError as wrong:
            first = wrong.errors(include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return answers.error("BadRequestException", f"{where}: {first['msg'].removeprefix('Value error, ')}")
        except ValueError:
            return answers.error("SerializationException", "The body is not JSON.")
        return await self._answer(request, body, mail)

    async def _answer(self, request: Request, body: bytes, mail: SendEmail) -> Response:
        recipients = [address.lower() for address in mail.Destination.all]
        rule = self.faults.take(recipients, lambda rule: not rule.is_fate)
        if rule is not None and rule.refuses:
            return answers.refusal(rule)
        message_id = f"0109{uuid4().hex[:12]}-{uuid4()}-000000"
        if rule is None or rule.records:
            await self._record(request, body, mail, message_id, answered=rule is None or rule.action == "delay")
        if rule is not None and rule.action == "drop_connection":
            return await drop(request)
        await asyncio.sleep(rule.answer_after_s if rule is not None else 0)
        return answers.answer({"MessageId": message_id})

    async def _record(self, request: Request, body: bytes, mail: SendEmail, message_id: str, *, answered: bool) -> None:
        recipients = tuple(address.lower() for address in mail.Destination.all)
        tags = {tag.Name: [tag.Value] for tag in mail.EmailTags}
        fate = self.faults.take(recipients, lambda rule: rule.is_fate)
        action = fate.action if fate is not None else "delivered"
        details = {"tls": False, "login": None, "answered": answered, "provider_id": message_id, "fate": action}
        ref = tags.get("ref", [None])[0]
        receipt = mail_receipt(NAME, mail.FromEmailAddress or "", recipients, mail.Content.Raw.message, {**details, "ref": ref})
        sent = SentMail(message_id, receipt.sender, recipients, receipt.subject, tags, mail.ConfigurationSetName)
        base_url = str(request.base_url).rstrip("/") + f"/{NAME}"

        def write(transaction: Transaction) -> None:
            transaction.record(request_receipt(NAME, message_id, request, body))
            transaction.record(receipt)
            if action in ("bounce", "complaint"):
                reason = BOUNCES["bounce"][3] if action == "bounce" else "abuse"
                for address in recipients:
                    transaction.record(Suppressed(address, action, reason, int(time.time())).receipt(NAME))
            for seconds, event, event_id in _with_ids(story(sent, fate)):
                self._callbacks.plan(transaction, {"event": event, "id": event_id, "base_url": base_url}, seconds=seconds)

        await self._core.ledger.write(write)

    def _call(self, plan: dict[str, Any]) -> Call:
        envelope = self._subscriptions.envelope(plan)
        return Call(f"{self._callbacks.base_url}/v1/callbacks/sns", envelope.body, envelope.headers)


def _with_ids(events: list[tuple[float, dict[str, Any]]]) -> list[tuple[float, dict[str, Any], str]]:
    """With the MessageId of each event, which is the same when it is told again."""
    ids: dict[int, str] = {}
    return [(seconds, event, ids.setdefault(id(event), str(uuid4()))) for seconds, event in events]
