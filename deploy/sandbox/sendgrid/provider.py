"""SendGrid under /sendgrid: `SENDGRID_URL=http://<sandbox>/sendgrid`."""

import asyncio
import hmac
import json
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from deploy.sandbox.callbacks import Callbacks
from deploy.sandbox.callbacks import Request as Call
from deploy.sandbox.dropping import drop
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.http_requests import request_receipt, requests_router
from deploy.sandbox.mailbox.rules import MailRule
from deploy.sandbox.provider import Core
from deploy.sandbox.sendgrid.answers import RateWindow, error, invalid, refusal
from deploy.sandbox.sendgrid.events import EventKey, body_of, listed, plans
from deploy.sandbox.sendgrid.lookups import lookups_router
from deploy.sandbox.sendgrid.mails import TakenMail, taken_mails
from deploy.sandbox.sendgrid.schemas import MAX_BYTES, MailSend, limits
from deploy.sandbox.transaction import Transaction

NAME = "sendgrid"


class SendGridProvider:
    """Takes mails as v3 Mail Send does, keeps them in the mailbox, and calls back with signed events."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self.faults = FaultBoard(NAME, MailRule, core.changes)
        self._callbacks = Callbacks(core, "sendgrid.events", self._call)
        self._event_key: EventKey | None = None
        self._rate = RateWindow()

    def router(self) -> APIRouter:
        """SendGrid's own paths, and those for people."""
        router = APIRouter(tags=[NAME])

        @router.post(f"/{NAME}/v3/mail/send", summary="Mail Send", status_code=202)
        async def send(request: Request) -> Response:
            return await self._send(request)

        @router.get(f"/{NAME}/event-key", summary="The public key of signed events, as SendGrid's console shows it")
        async def event_key() -> dict[str, str]:
            return {"public_key": self._key.public}

        router.include_router(lookups_router(self._core.ledger, NAME, self.is_authorized))
        router.include_router(requests_router(self._core, NAME))
        return router

    async def start(self) -> None:
        """Read or make the key of the events."""
        self._event_key = EventKey(self._core.settings.sendgrid_event_key_file)

    async def check(self) -> None:
        """Served by the sandbox's own HTTP, which answers this very question."""

    async def stop(self) -> None:
        """Give back the connections of call-backs."""
        await self._callbacks.close()

    def facts(self) -> dict[str, Any]:
        """Where it is and which key proves its events."""
        return {"path": f"/{NAME}", "event_key": self._key.public, "calls_back": self._callbacks.base_url is not None}

    def is_authorized(self, request: Request) -> bool:
        """Whether a request shows the key, after `Bearer` and one space."""
        wanted = f"Bearer {self._core.settings.sendgrid_api_key.get_secret_value()}"
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode())

    @property
    def _key(self) -> EventKey:
        assert self._event_key is not None, "the provider has been started"
        return self._event_key

    async def _send(self, request: Request) -> Response:
        body = await request.body()
        if not self.is_authorized(request):
            return error(401, "authorization required")
        if request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            return error(415, "Content-Type should be application/json.")
        if len(body) > MAX_BYTES:
            return error(413, "content too large")
        try:
            mail = MailSend.model_validate(json.loads(body))
        except ValidationError as wrong:
            return invalid(wrong)
        except ValueError:
            return error(400, "Bad Request")
        found = limits(mail)
        if found:
            return JSONResponse({"errors": [{"message": said, "field": field, "help": None} for field, said in found]}, 400)
        return await self._answer(request, body, mail)

    async def _answer(self, request: Request, body: bytes, mail: MailSend) -> Response:
        addresses = [one.to[0].email.lower() for one in mail.personalizations]
        rule = self.faults.take(addresses, lambda rule: not rule.is_fate)
        if rule is not None and rule.refuses:
            return refusal(rule, addresses, self._rate)
        request_id = uuid4().hex[:22]
        if rule is None or rule.records:
            answered = rule is None or rule.action == "delay"
            await self._record(request, body, taken_mails(NAME, mail, request_id, answered=answered), request_id)
        if rule is not None and rule.action == "drop_connection":
            return await drop(request)
        await asyncio.sleep(rule.answer_after_s if rule is not None else 0)
        return Response(status_code=202, headers={"X-Message-Id": request_id, **self._rate.headers()})

    async def _record(self, request: Request, body: bytes, mails: list[TakenMail], request_id: str) -> None:
        fates = [(mail, self.faults.take([mail.address], lambda rule: rule.is_fate)) for mail in mails]
        calls = plans(fates) if self._callbacks.base_url is not None else []
        entries = [entry for mail, rule in fates if (entry := listed(mail.address, rule)) is not None]

        def write(transaction: Transaction) -> None:
            transaction.record(request_receipt(NAME, request_id, request, body))
            for mail, rule in fates:
                mail.receipt.details["fate"] = rule.action if rule is not None else "delivered"
                transaction.record(mail.receipt)
            for one in entries:
                transaction.record(one.receipt(NAME))
            for seconds, events in calls:
                self._callbacks.plan(transaction, {"events": events}, seconds=seconds)

        await self._core.ledger.write(write)

    def _call(self, plan: dict[str, Any]) -> Call:
        body = body_of(plan["events"])
        return Call(f"{self._callbacks.base_url}/v1/callbacks/sendgrid", body, self._key.headers(body))
