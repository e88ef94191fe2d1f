"""How requests to Razorpay are taken: the login, the body, and what is asked."""

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.gateways.books import Refusal, shown
from deploy.sandbox.gateways.desk import GatewayDesk
from deploy.sandbox.gateways.operation import Asked
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.objects import Document
from deploy.sandbox.provider import Core
from deploy.sandbox.razorpay.account import RazorpayAccount
from deploy.sandbox.razorpay.answers import Refused, unauthenticated
from deploy.sandbox.razorpay.books import Books
from deploy.sandbox.razorpay.later import carry_on
from deploy.sandbox.razorpay.reasons import DECLINES
from deploy.sandbox.razorpay.signature import webhook_headers

Work = Callable[[Books, Document], Document | Refusal]
"""What a request does, given the books and its body or query."""

_NAMES = ("receipt", "order_id", "customer_id", "token")


class Desk(GatewayDesk[RazorpayAccount, Books]):
    """Razorpay's."""

    def __init__(self, core: Core) -> None:
        settings = core.settings
        account = RazorpayAccount(
            webhook_url=settings.razorpay_webhook_url,
            webhook_secrets=(settings.razorpay_webhook_secret.get_secret_value(),),
        )
        super().__init__(core, account, Books, GatewayRule, webhook_headers, carry_on)
        self.key_id = settings.razorpay_key_id
        self.key_secret = settings.razorpay_key_secret.get_secret_value()

    async def serve(self, request: Request, operation: str, work: Work, *named: str) -> Response:
        """Answer a request of the API. named: ids in its path."""
        try:
            self.authenticate(request)
            fields = await fields_of(request)
        except Refused as refused:
            return JSONResponse(refused.body, refused.status)
        words = (*named, *(word for name in _NAMES if isinstance(word := fields.get(name), str)))

        async def act(_: object) -> Response:
            return await self.answer(lambda books: work(books, fields))

        return await self.carry_out(request, Asked(operation, words), act)

    async def fetch(self, request: Request, operation: str, kind: str, object_id: str) -> Response:
        """Answer with one object."""
        return await self.serve(request, operation, lambda books, _: shown(books.get(kind, object_id)), object_id)

    def authenticate(self, request: Request) -> None:
        """Raises Refused for a request without the key and its secret."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            given = b""
        if scheme != "Basic" or not hmac.compare_digest(given, f"{self.key_id}:{self.key_secret}".encode()):
            raise unauthenticated()

    def in_use(self) -> Response:
        """Only refunds have keys."""
        refused = Refused("Request with the same idempotency key is still in progress", status=409)
        return JSONResponse(refused.body, refused.status)

    def refusal_of(self, rule: GatewayRule) -> Response:
        """A decline's own words where the rule names a documented reason."""
        headers: dict[str, Any] = {}
        if rule.action == "rate_limit":
            headers = {"Retry-After": str(rule.retry_after_s)}
            text = rule.text or "Request failed. Please try after sometime."
            refused = Refused(text, status=429, reason="rate_limit_exceeded")
        else:
            status, reason = rule.status or 500, rule.reason or "server_error"
            code = "BAD_REQUEST_ERROR" if status < 500 else "GATEWAY_ERROR" if status in (502, 504) else "SERVER_ERROR"
            text = rule.text or DECLINES[reason if reason in DECLINES else "server_error"].description
            refused = Refused(text, code=code, status=status, reason=reason)
        return JSONResponse(refused.body, refused.status, headers)


async def fields_of(request: Request) -> Document:
    """The body of a POST or PUT, which is a JSON object, or the query of anything else."""
    if request.method in ("GET", "DELETE"):
        return dict(request.query_params)
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
        # Half a surrogate pair is JSON, but no text that could be kept.
        json.dumps(body, ensure_ascii=False).encode()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("The request body is not a JSON object")
    return body
