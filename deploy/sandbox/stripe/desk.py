"""How requests to Stripe are taken: the key, the version, the form, and the first answer again for an idempotency key."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.gateways.books import Refusal, shown
from deploy.sandbox.gateways.desk import GatewayDesk
from deploy.sandbox.gateways.ids import new_id
from deploy.sandbox.gateways.operation import Asked
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.objects import Document
from deploy.sandbox.provider import Core
from deploy.sandbox.stripe.account import StripeAccount
from deploy.sandbox.stripe.answers import Refused
from deploy.sandbox.stripe.books import Books
from deploy.sandbox.stripe.declines import DECLINES, message_of
from deploy.sandbox.stripe.expanding import expanded
from deploy.sandbox.stripe.forms import FORM, form_of
from deploy.sandbox.stripe.later import carry_on
from deploy.sandbox.stripe.rules import StripeRule
from deploy.sandbox.stripe.signature import webhook_headers

Work = Callable[[Books, Document], Document | Refused]
"""What a request does, given the books and its parameters."""

KEY_LIFE_S: Final = 86_400
MAX_KEY: Final = 255
_VERSION: Final = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")
_NAMES: Final = ("payment_intent", "charge", "customer", "payment_method")


class Desk(GatewayDesk[StripeAccount, Books]):
    """Stripe's."""

    def __init__(self, core: Core) -> None:
        settings = core.settings
        account = StripeAccount(
            webhook_url=settings.stripe_webhook_url,
            webhook_secrets=(settings.stripe_webhook_secret.get_secret_value(),),
        )
        super().__init__(core, account, Books, StripeRule, webhook_headers, carry_on)
        self._secret_key = settings.stripe_secret_key.get_secret_value()

    async def serve(self, request: Request, operation: str, work: Work, *named: str) -> Response:
        """Answer a request of the API. named: ids in its path."""
        request_id = new_id("req_", 14)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        try:
            self._admit(request, key)
            fields = await _fields_of(request)
        except Refused as refused:
            return self._dressed(JSONResponse(refused.body, refused.status), request, request_id)
        metadata = fields.get("metadata")
        words = [*named, *(fields.get(name) for name in _NAMES), *(metadata.values() if isinstance(metadata, dict) else ())]
        asked = Asked(operation, tuple(word for word in words if isinstance(word, str)), key)

        async def act(rule: GatewayRule | None) -> Response:
            return await self._once(request, request_id, work, fields, rule)

        return self._dressed(await self.carry_out(request, asked, act), request, request_id)

    async def fetch(self, request: Request, operation: str, kind: str, object_id: str, param: str = "id") -> Response:
        """Answer with one object."""
        return await self.serve(request, operation, lambda books, _: shown(books.get(kind, object_id, param)), object_id)

    async def _once(self, request: Request, request_id: str, work: Work, fields: Document, rule: GatewayRule | None) -> Response:
        """Carry a request out, or give the first answer to its key again.

        What is refused before it has begun is not kept; what has begun is, errors of the server included.
        """
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        digest = hashlib.sha256(json.dumps([request.url.path, fields], sort_keys=True).encode()).hexdigest()

        def carry_out(books: Books) -> Document:
            known = books.objects.get("idempotency_key", key) if key is not None else None
            if known is not None and known["created"] > books.now - KEY_LIFE_S:
                if known["digest"] != digest:
                    raise _other_request(key)
                return {**known, "is_first": False}
            status, body = _result(replace(books, asked_by=(request_id, key)), work, fields)
            if rule is not None and rule.action == "status_after_commit":
                spoilt = self.refusal_of(rule)
                status, body = spoilt.status_code, json.loads(bytes(spoilt.body))
            answer = {"id": key, "digest": digest, "status": status, "body": body, "request": request_id, "created": books.now}
            if key is not None:
                books.add("idempotency_key", answer)
            return {**answer, "is_first": True}

        try:
            answer = await self.write(carry_out)
        except Refusal as refused:
            return JSONResponse(refused.body, refused.status)
        headers = {} if answer["is_first"] else {"Idempotent-Replayed": "true", "Original-Request": answer["request"]}
        return JSONResponse(answer["body"], answer["status"], headers)

    def _admit(self, request: Request, key: str | None) -> None:
        """Raises Refused for a request without the secret key, of an unknown version, or with an endless idempotency key."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                given = ""
        if not given or scheme not in ("Basic", "Bearer"):
            raise Refused("You did not provide an API key.", status=401)
        if not hmac.compare_digest(given.encode(), self._secret_key.encode()):
            raise Refused(f"Invalid API Key provided: {given[:8]}****", status=401)
        version = request.headers.get("stripe-version")
        if version is not None and not _VERSION.fullmatch(version):
            raise Refused(f"Invalid Stripe API version: {version}")
        if key is not None and not 1 <= len(key) <= MAX_KEY:
            raise Refused(f"Idempotency keys have up to {MAX_KEY} characters.")

    def _dressed(self, answer: Response, request: Request, request_id: str) -> Response:
        answer.headers["Request-Id"] = request_id
        answer.headers["Stripe-Version"] = request.headers.get("stripe-version", self.account.api_version)
        if (key := request.headers.get("idempotency-key")) is not None and key.isascii() and key.isprintable():
            answer.headers["Idempotency-Key"] = key
        return answer

    def in_use(self) -> Response:
        """The conflict is not kept: the first request's answer will be."""
        text = "There is currently another in-progress request using this Stripe account and idempotency key."
        refused = Refused(text, status=409, code="idempotency_key_in_use")
        return JSONResponse(refused.body, refused.status, {"Stripe-Should-Retry": "true"})

    def refusal_of(self, rule: GatewayRule) -> Response:
        """A decline's own words where the rule names one."""
        if rule.action == "rate_limit":
            refused = Refused(rule.text or "Request rate limit exceeded.", status=429, code="rate_limit")
            return JSONResponse(refused.body, 429, {"Retry-After": str(rule.retry_after_s), "Stripe-Should-Retry": "true"})
        status = rule.status or 500
        kind = "api_error" if status >= 500 else "card_error" if status == 402 else "invalid_request_error"
        text = rule.text or (message_of(rule.reason) if rule.reason in DECLINES else "An unknown error occurred.")
        refused = Refused(text, status=status, kind=kind, code=rule.reason)
        return JSONResponse(refused.body, status)


def _result(books: Books, work: Work, fields: Document) -> tuple[int, Any]:
    try:
        done = work(books, fields)
    except Refused as refused:
        if not refused.begun:
            raise
        done = refused
    if isinstance(done, Refused):
        return done.status, done.body
    return 200, expanded(books, done, fields["expand"]) if "expand" in fields else done


def _other_request(key: str | None) -> Refused:
    return Refused(
        "Keys for idempotent requests can only be used with the same parameters they were first used with."
        f" Try using a key other than '{key}' if you meant to execute a different request.",
        kind="idempotency_error",
    )


async def _fields_of(request: Request) -> Document:
    if request.method != "POST":
        return form_of(request.url.query)
    raw = await request.body()
    if raw and request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused(f"Invalid request (check that your POST content type is {FORM}).")
    try:
        return form_of(raw.decode("ascii"))
    except UnicodeDecodeError:
        raise Refused("Invalid request: the body is not form-encoded") from None
