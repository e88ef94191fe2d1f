"""What people answer to our numbers, which Twilio hands on as a webhook (twilio.com/docs/messaging/guides/webhook-request).

STOP and START are said here by whoever plays the recipient. Twilio's own list of who has said STOP is not kept: that ours stops
the next SMS before Twilio would is what there is to see.
"""

import secrets
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from deploy.sandbox.callbacks import Callbacks
from deploy.sandbox.problems import Problem
from deploy.sandbox.provider import Core
from deploy.sandbox.transaction import Transaction
from deploy.sandbox.twilio.resource import VERSION

PATH = "/v1/callbacks/twilio"
_NUMBER = r"^\+[1-9][0-9]{6,14}$"


class SmsAnswer(BaseModel):
    """An SMS to us. sender: who has written it. to: our number."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"sender": "+919812345678", "text": "STOP"}]})

    sender: str = Field(pattern=_NUMBER)
    to: str = Field("+15005550006", pattern=_NUMBER)
    text: str = Field(min_length=1, max_length=1600)


def answers_router(core: Core, callbacks: Callbacks) -> APIRouter:
    """/twilio/answers."""
    router = APIRouter(tags=["twilio"])

    @router.post("/twilio/answers", status_code=202, summary="Answer one of our SMS, as its recipient does")
    async def answer(body: SmsAnswer) -> dict[str, str]:
        if callbacks.base_url is None:
            raise Problem(409, "nobody_to_call", "There is nobody to call back; start the sandbox with SANDBOX_CALLBACK_URL.")
        fields = _fields(body, core.settings.twilio_account_sid)
        plan: dict[str, Any] = {"url": f"{callbacks.base_url}{PATH}", "fields": fields}

        def write(transaction: Transaction) -> None:
            callbacks.plan(transaction, plan)

        await core.ledger.write(write)
        return {"sid": fields["MessageSid"]}

    return router


def _fields(body: SmsAnswer, account_sid: str) -> dict[str, str]:
    sid = "SM" + secrets.token_hex(16)
    return {
        "AccountSid": account_sid,
        "ApiVersion": VERSION,
        "Body": body.text,
        "From": body.sender,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": body.to,
    }
