"""The stand-in of Twilio: /twilio in the place of https://api.twilio.com."""

import asyncio
import base64
import binascii
import hmac
import re
import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.callbacks import Callbacks
from deploy.sandbox.callbacks import Request as Call
from deploy.sandbox.dropping import drop
from deploy.sandbox.entries import Criteria, Entry
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.provider import Core
from deploy.sandbox.sms.fates import OVERTAKEN_S, Fates, Step
from deploy.sandbox.sms.receipt import CHANNEL, Sms
from deploy.sandbox.sms.rules import SmsRule
from deploy.sandbox.transaction import Transaction
from deploy.sandbox.twilio.answers import answers_router
from deploy.sandbox.twilio.checks import FORM, Refusal, check, form_of
from deploy.sandbox.twilio.resource import VERSION, message
from deploy.sandbox.twilio.signature import signature

NAME = "twilio"
SENT_S, DELIVERED_S = 0.05, 0.15
MAX_PAGE = 1000
_LISTED = {"To", "From", "DateSent", "DateSent>", "DateSent<", "PageSize", "Page", "PageToken"}

Account = Annotated[str, Path(max_length=64)]


class TwilioProvider:
    """Messages, their statuses and the signed call-backs about them."""

    name = NAME

    def __init__(self, core: Core) -> None:
        self._core = core
        self._settings = core.settings
        self.faults = FaultBoard(NAME, SmsRule, core.changes)
        self._callbacks = Callbacks(core, f"{NAME}.callbacks", self._call, anywhere=True)
        self._fates = Fates(core, NAME, self._report)

    def router(self) -> APIRouter:
        """Twilio's paths."""
        router = APIRouter(prefix=f"/twilio/{VERSION}/Accounts/{{account_sid}}", tags=["twilio"])

        @router.post("/Messages.json", status_code=201, summary="Send an SMS, as Twilio documents it")
        async def create(account_sid: Account, request: Request) -> Response:
            try:
                self._authenticate(account_sid, request)
                fields = form_of(request.headers.get("content-type", ""), await request.body())
                check(fields)
                return await self._create(request, fields)
            except Refusal as refusal:
                return _refused(refusal)

        @router.get("/Messages.json", summary="List SMS")
        async def listed(account_sid: Account, request: Request) -> Response:
            try:
                self._authenticate(account_sid, request)
                return self._list(dict(request.query_params))
            except Refusal as refusal:
                return _refused(refusal)

        @router.get("/Messages/{sid}.json", summary="Read an SMS")
        async def read(account_sid: Account, sid: str, request: Request) -> Response:
            try:
                self._authenticate(account_sid, request)
            except Refusal as refusal:
                return _refused(refusal)
            found = self._core.ledger.find(Criteria(CHANNEL, provider_id=sid), 1)
            if not found or found[0].provider != NAME:
                return _refused(Refusal(404, 20404, f"The requested resource {request.url.path} was not found"))
            return JSONResponse(message(found[0], self._settings.twilio_account_sid))

        whole = APIRouter()
        whole.include_router(router)
        whole.include_router(answers_router(self._core, self._callbacks))
        return whole

    async def start(self) -> None:
        """It needs no port of its own."""

    async def check(self) -> None:
        """It answers where the app answers."""

    async def stop(self) -> None:
        """Give back the connections of call-backs."""
        await self._callbacks.close()

    def facts(self) -> dict[str, Any]:
        """Where it is and for which account."""
        return {"path": "/twilio", "account_sid": self._settings.twilio_account_sid}

    def _authenticate(self, account_sid: str, request: Request) -> None:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = password = ""
        token = self._settings.twilio_auth_token.get_secret_value()
        is_right = hmac.compare_digest(password.encode(), token.encode()) and user == self._settings.twilio_account_sid
        if scheme != "Basic" or not is_right:
            raise Refusal(401, 20003, "Authenticate")
        if account_sid != self._settings.twilio_account_sid:
            raise Refusal(404, 20404, f"The requested resource {request.url.path} was not found")

    async def _create(self, request: Request, fields: dict[str, str]) -> Response:
        rule = self.faults.take([fields["To"]], lambda rule: not rule.is_fate)
        if rule is not None and rule.refuses:
            return _refusal_of(rule)
        if rule is not None and not rule.records:
            return await drop(request)
        fate = self.faults.take([fields["To"]], lambda rule: rule.is_fate)
        entry = await self._record(fields, await request.body(), fate, answered=rule is None or rule.action == "delay")
        if rule is not None and rule.action == "drop_connection":
            return await drop(request)
        await asyncio.sleep(rule.answer_after_s if rule is not None else 0)
        return JSONResponse(message(entry, self._settings.twilio_account_sid), 201)

    async def _record(self, fields: dict[str, str], raw: bytes, fate: SmsRule | None, *, answered: bool) -> Entry:
        sms = Sms(
            provider=NAME,
            provider_id="SM" + secrets.token_hex(16),
            reference=parse_qs(urlsplit(fields.get("StatusCallback", "")).query).get("ref", [None])[0],
            sender=fields.get("From") or fields["MessagingServiceSid"],
            to=fields["To"],
            text=fields["Body"],
            status="queued" if "From" in fields else "accepted",
            request=fields,
            answered=answered,
        )

        def write(transaction: Transaction) -> int:
            entry_id = transaction.record(sms.receipt(raw))
            self._fates.plan(transaction, entry_id, _steps(fate))
            return entry_id

        entry = self._core.ledger.get(CHANNEL, await self._core.ledger.write(write))
        assert entry is not None, "it was recorded just now"
        return entry

    def _list(self, query: dict[str, str]) -> Response:
        unknown = sorted(set(query) - _LISTED)
        if unknown:
            raise Refusal(400, 20001, f"The stand-in does not know: {', '.join(unknown)}")
        size = query.get("PageSize", "50")
        if not re.fullmatch(r"[0-9]{1,4}", size) or not 1 <= int(size) <= MAX_PAGE:
            raise Refusal(400, 20006, f"Page size must be from 1 to {MAX_PAGE}")
        token = re.fullmatch(r"PA([0-9]{1,18})", query.get("PageToken", "PA0"))
        if token is None or not re.fullmatch(r"[0-9]{1,6}", query.get("Page", "0")):
            raise Refusal(400, 20006, "The page does not exist")
        items, before = self._page(query, int(size), int(token[1]) or None)
        number = int(query.get("Page", "0"))
        path = f"/{VERSION}/Accounts/{self._settings.twilio_account_sid}/Messages.json"
        following = {**query, "PageSize": size, "Page": str(number + 1), "PageToken": f"PA{before}"}
        next_page = f"{path}?{urlencode(following)}" if before is not None else None
        return JSONResponse({"messages": items, "page": number, "page_size": int(size), "next_page_uri": next_page})

    def _page(self, query: dict[str, str], size: int, before: int | None) -> tuple[list[dict[str, Any]], int | None]:
        """The newest that are meant and older than `before`, and what the next page is older than; None after the last."""
        items: list[dict[str, Any]] = []
        while found := self._core.ledger.find(Criteria(CHANNEL, to=query.get("To"), before=before), MAX_PAGE):
            for entry in found:
                shown = message(entry, self._settings.twilio_account_sid)
                if entry.provider != NAME or not _is_listed(shown, query):
                    continue
                if len(items) == size:
                    return items, before
                items.append(shown)
                before = entry.id
            before = found[-1].id
        return items, None

    def _report(self, transaction: Transaction, entry: Entry, step: Step) -> None:
        url = entry.details["request"].get("StatusCallback")
        if url is not None:
            fields = {
                "AccountSid": self._settings.twilio_account_sid,
                "ApiVersion": VERSION,
                "From": entry.sender,
                "MessageSid": entry.details["provider_id"],
                "MessageStatus": step.status,
                "SmsSid": entry.details["provider_id"],
                "SmsStatus": step.status,
                "To": entry.recipients[0],
                **({"ErrorCode": str(step.code)} if step.code is not None else {}),
            }
            self._callbacks.plan(transaction, {"url": url, "fields": fields}, seconds=step.late_s)

    def _call(self, plan: dict[str, Any]) -> Call:
        token = self._settings.twilio_auth_token.get_secret_value()
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signature(token, plan["url"], plan["fields"])}
        return Call(plan["url"], urlencode(plan["fields"]).encode(), headers)


def _steps(fate: SmsRule | None) -> list[Step]:
    """The statuses after the first one, which Twilio does not report."""
    if fate is None:
        return [Step("sent", None, SENT_S), Step("delivered", None, DELIVERED_S)]
    at_last = DELIVERED_S if fate.seconds is None else fate.seconds
    sent = Step("sent", None, min(SENT_S, at_last / 2), fate.repeat, at_last + OVERTAKEN_S if fate.reorder else 0.0)
    if fate.action == "silent":
        return [Step("sent", None, SENT_S, reports=0)]
    code = None if fate.action == "delivered" else (fate.code or 30008)
    last = Step(fate.action, code, at_last, fate.repeat)
    return [last] if fate.action == "failed" else [sent, last]


def _is_listed(shown: dict[str, Any], query: dict[str, str]) -> bool:
    if shown["from"] != query.get("From", shown["from"]):
        return False
    wanted = {name: query[name] for name in ("DateSent", "DateSent>", "DateSent<") if name in query}
    if not wanted:
        return True
    if shown["date_sent"] is None:
        return False
    sent = datetime.strptime(shown["date_sent"], "%a, %d %b %Y %H:%M:%S %z").strftime("%Y-%m-%dT%H:%M:%SZ")
    # A moment is held against the moment, a date against the date.
    held = {name: (sent[: len(moment)], moment) for name, moment in wanted.items()}
    is_on = all(found == moment for name, (found, moment) in held.items() if name == "DateSent")
    is_after = all(found >= moment for name, (found, moment) in held.items() if name == "DateSent>")
    return is_on and is_after and all(found <= moment for name, (found, moment) in held.items() if name == "DateSent<")


def _refusal_of(rule: SmsRule) -> Response:
    if rule.action == "rate_limit":
        answer = _refused(Refusal(429, 20429, rule.text or "Too Many Requests"))
        answer.headers["Retry-After"] = str(rule.retry_after_s)
        answer.headers["Date"] = format_datetime(datetime.now(UTC), usegmt=True)
        return answer
    status = rule.status or 400
    code = rule.code if rule.code is not None else (20500 if status >= 500 else 20001)
    answer = _refused(Refusal(status, code, rule.text or "A fault rule of the sandbox says so."))
    if rule.action == "error_inside_200":
        answer.status_code = 201
    return answer


def _refused(refusal: Refusal) -> JSONResponse:
    document = {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refusal.status == 401 else None
    return JSONResponse(document, refusal.status, headers=headers)
