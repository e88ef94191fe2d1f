"""How requests to Razorpay are taken: the login, the body, the fault rules, one transaction, the answer."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.gateways.operation import Act, Asked, Operations
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.gateways.webhooks import Webhooks
from deploy.sandbox.objects import Document
from deploy.sandbox.provider import Core
from deploy.sandbox.razorpay.account import RazorpayAccount
from deploy.sandbox.razorpay.answers import Refusal, unauthenticated
from deploy.sandbox.razorpay.books import NAME, Books, shown
from deploy.sandbox.razorpay.reasons import DECLINES
from deploy.sandbox.razorpay.signature import webhook_headers
from deploy.sandbox.transaction import Transaction

Work = Callable[[Books, Document], Document | Refusal]
"""What a request does, given the books and its body or query."""

_NAMES = ("receipt", "order_id", "customer_id", "token")


class Desk:
    """The account, and whoever carries out what is asked of it."""

    def __init__(self, core: Core) -> None:
        settings = core.settings
        self._core = core
        self.account = RazorpayAccount(
            webhook_url=settings.razorpay_webhook_url,
            webhook_secrets=(settings.razorpay_webhook_secret.get_secret_value(),),
        )
        self.key_id = settings.razorpay_key_id
        self.key_secret = settings.razorpay_key_secret.get_secret_value()
        self.board = FaultBoard(NAME, GatewayRule, core.changes)
        self.webhooks = Webhooks(
            core, NAME, self.board, lambda: self.account, webhook_headers, given_up=lambda: self.change(webhook_enabled=False)
        )
        self._operations = Operations(
            self.board,
            refusal=refusal_of,
            in_use=lambda: Refusal("Request with the same idempotency key is still in progress", status=409).response(),
            answer_after_s=lambda: self.account.answer_after_s,
        )

    def change(self, **changes: Any) -> None:
        """Change the account. Raises ValidationError."""
        self.account = RazorpayAccount.model_validate({**self.account.model_dump(), **changes})
        self._core.changes.bump()

    async def write(self, work: Callable[[Books], Document | Refusal | None]) -> Document:
        """Carry something out in one transaction. Raises Refusal, also where the transaction has kept a payment that failed."""

        def within(transaction: Transaction) -> Document | Refusal | None:
            try:
                return work(self.books(transaction))
            except Refusal as refusal:
                # Raised before anything was written; others share the transaction.
                return refusal

        done = await self._core.ledger.write(within)
        if isinstance(done, Refusal):
            raise done
        return done or {}

    def books(self, transaction: Transaction) -> Books:
        """The books as they are within a transaction."""
        return Books(transaction, self.account, self.board, self.webhooks, self.account.now(), _defer)

    async def serve(self, request: Request, operation: str, work: Work, *named: str) -> Response:
        """Answer a request of the API. named: ids in its path."""
        try:
            self.authenticate(request)
            fields = await fields_of(request)
        except Refusal as refusal:
            return refusal.response()
        words = (*named, *(word for name in _NAMES if isinstance(word := fields.get(name), str)))
        return await self.carry_out(request, Asked(operation, words), lambda _: self.answer(lambda books: work(books, fields)))

    async def fetch(self, request: Request, operation: str, kind: str, object_id: str) -> Response:
        """Answer with one object."""
        return await self.serve(request, operation, lambda books, _: shown(books.get(kind, object_id)), object_id)

    async def carry_out(self, request: Request, asked: Asked, act: Act) -> Response:
        """Answer under the fault rules."""
        return await self._operations.carry_out(request, asked, act)

    async def answer(self, work: Callable[[Books], Document | Refusal]) -> Response:
        """Carry something out, and say how that went."""
        try:
            return JSONResponse(await self.write(work))
        except Refusal as refusal:
            return refusal.response()

    def authenticate(self, request: Request) -> None:
        """Raises Refusal for a request without the key and its secret."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            shown = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            shown = b""
        if scheme != "Basic" or not hmac.compare_digest(shown, f"{self.key_id}:{self.key_secret}".encode()):
            raise unauthenticated()


async def fields_of(request: Request) -> Document:
    """The body of a POST or PUT, which is a JSON object, or the query of anything else."""
    if request.method in ("GET", "DELETE"):
        return dict(request.query_params)
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal("The request body is not a JSON object")
    return body


def refusal_of(rule: GatewayRule) -> Response:
    """How Razorpay says what a rule demands."""
    if rule.action == "rate_limit":
        text = rule.text or "Request failed. Please try after sometime."
        return Refusal(text, status=429, reason="rate_limit_exceeded").response({"Retry-After": str(rule.retry_after_s)})
    status, reason = rule.status or 500, rule.reason or "server_error"
    code = "BAD_REQUEST_ERROR" if status < 500 else "GATEWAY_ERROR" if status in (502, 504) else "SERVER_ERROR"
    decline = DECLINES.get(reason)
    text = rule.text or (decline.description if decline else "We are facing some trouble completing your request at the moment.")
    return Refusal(text, code=code, status=status, reason=reason).response()


def _defer(transaction: Transaction, seconds: float, payload: dict[str, Any]) -> None:
    transaction.defer(NAME, time.time() + seconds, payload)
