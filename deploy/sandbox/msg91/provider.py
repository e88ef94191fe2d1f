"""The stand-in of MSG91: /msg91 in the place of https://control.msg91.com."""

import asyncio
import hmac
import json
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.callbacks import Callbacks
from deploy.sandbox.callbacks import Request as Call
from deploy.sandbox.dropping import drop
from deploy.sandbox.entries import Entry
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.msg91.checks import Refusal, flow_of
from deploy.sandbox.msg91.rules import Msg91Rule
from deploy.sandbox.provider import Core
from deploy.sandbox.sms.fates import Fates, Step
from deploy.sandbox.sms.receipt import Sms
from deploy.sandbox.transaction import Transaction

NAME = "msg91"
DELIVERED_S = 0.1
PRICE_MINOR = 20
_ZONE = ZoneInfo("Asia/Kolkata")
_WORDS = {1: "DELIVERED", 2: "FAILED", 9: "NDNC", 16: "REJECTED", 17: "BLOCKED NUMBER", 25: "REJECTED"}
_OURS = ("mobiles", "CRQID")


class Msg91Provider:
    """The flow API, and delivery reports in their second form."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self._settings = core.settings
        self.faults = FaultBoard(NAME, Msg91Rule, core.changes)
        self._callbacks = Callbacks(core, f"{NAME}.callbacks", self._call)
        self._fates = Fates(core, NAME, self._report)

    def router(self) -> APIRouter:
        """MSG91's path, with and without the slash at its end."""
        router = APIRouter(prefix="/msg91", tags=["msg91"])

        @router.post("/api/v5/flow/", include_in_schema=False)
        @router.post("/api/v5/flow", summary="Send a registered text, as MSG91 documents it")
        async def flow(request: Request) -> Response:
            try:
                self._authenticate(request)
                return await self._flow(request, flow_of(request.headers.get("content-type", ""), await request.body()))
            except Refusal as refusal:
                return _refused(refusal)

        return router

    async def start(self) -> None:
        """It needs no port of its own."""

    async def check(self) -> None:
        """It answers where the app answers."""

    async def stop(self) -> None:
        """Give back the connections of reports."""
        await self._callbacks.close()

    def facts(self) -> dict[str, Any]:
        """Where it is."""
        return {"path": "/msg91"}

    def _authenticate(self, request: Request) -> None:
        key = self._settings.msg91_auth_key.get_secret_value()
        if not hmac.compare_digest(request.headers.get("authkey", "").encode(), key.encode()):
            raise Refusal(401, "207", "Invalid authentication key")

    async def _flow(self, request: Request, body: dict[str, Any]) -> Response:
        numbers = [f"+{recipient['mobiles']}" for recipient in body["recipients"]]
        rule = self.faults.take(numbers, lambda rule: not rule.is_fate)
        if rule is not None and rule.refuses:
            return _refusal_of(rule)
        if rule is not None and not rule.records:
            return await drop(request)
        request_id = await self._record(body, await request.body(), answered=rule is None or rule.action == "delay")
        if rule is not None and rule.action == "drop_connection":
            return await drop(request)
        await asyncio.sleep(rule.answer_after_s if rule is not None else 0)
        return JSONResponse({"type": "success", "message": request_id})

    async def _record(self, body: dict[str, Any], raw: bytes, *, answered: bool) -> str:
        request_id = secrets.token_hex(12)
        taken = []
        for recipient in body["recipients"]:
            number = f"+{recipient['mobiles']}"
            fate = self.faults.take([number], lambda rule: rule.is_fate)
            shown = {**{name: value for name, value in body.items() if name != "recipients"}, **recipient}
            sms = Sms(
                provider=NAME,
                provider_id=request_id,
                reference=recipient.get("CRQID"),
                sender=body.get("sender", ""),
                to=number,
                text=_text(body["template_id"], recipient),
                status="queued",
                request=shown,
                answered=answered,
            )
            taken.append((sms.receipt(raw), _steps(fate)))

        def write(transaction: Transaction) -> None:
            for receipt, steps in taken:
                self._fates.plan(transaction, transaction.record(receipt), steps)

        await self._core.ledger.write(write)
        return request_id

    def _report(self, transaction: Transaction, entry: Entry, step: Step) -> None:
        request = entry.details["request"]
        code = step.code if step.code is not None else 1
        report = {
            "date": datetime.now(_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            "number": entry.recipients[0].removeprefix("+"),
            "status": str(code),
            "desc": _WORDS.get(code, "FAILED"),
            "failedReason": "" if code == 1 else _WORDS.get(code, "FAILED"),
            "CRQID": request.get("CRQID", ""),
            "credit": str(entry.details["segments"]),
            "amount": _amount(entry.details["segments"]),
        }
        told = {"senderId": entry.sender, "requestId": entry.details["provider_id"], "userId": "270001", "campaignName": "API"}
        self._callbacks.plan(transaction, {**told, "report": [report]})

    def _call(self, plan: dict[str, Any]) -> Call:
        secret = quote(self._settings.msg91_callback_secret.get_secret_value(), safe="")
        url = f"{self._callbacks.base_url}/v1/callbacks/msg91/{secret}"
        body = urlencode({"data": json.dumps([plan])}).encode()
        return Call(url, body, {"Content-Type": "application/x-www-form-urlencoded"})


def _text(template_id: str, recipient: dict[str, str]) -> str:
    """What is known of the text: MSG91 has it, and gets the variables alone."""
    lines = [f"{name}: {value}" for name, value in recipient.items() if name not in _OURS]
    return "\n".join([f"Template {template_id}", *lines])


def _amount(segments: int) -> str:
    """What the account is charged, in its own currency, which reports do not name."""
    whole, rest = divmod(segments * PRICE_MINOR, 100)
    return f"{whole}.{rest:02}"


def _steps(fate: Msg91Rule | None) -> list[Step]:
    if fate is None:
        return [Step("delivered", 1, DELIVERED_S)]
    if fate.action == "silent":
        return []
    code = 1 if fate.action == "delivered" else (fate.code or 2)
    return [Step(fate.action, code, DELIVERED_S if fate.seconds is None else fate.seconds, fate.repeat)]


def _refusal_of(rule: Msg91Rule) -> Response:
    said = rule.text or "A fault rule of the sandbox says so"
    if rule.action == "rate_limit":
        answer = _refused(Refusal(429, "429", rule.text or "Too many requests"))
        answer.headers["Retry-After"] = str(rule.retry_after_s)
        return answer
    code = str(rule.code) if rule.code is not None else ""
    return _refused(Refusal(rule.status or 200, code, said))


def _refused(refusal: Refusal) -> JSONResponse:
    document = {"type": "error", "message": refusal.message, **({"code": refusal.code} if refusal.code else {})}
    return JSONResponse(document, refusal.status)
