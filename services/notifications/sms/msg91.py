"""SMS over MSG91's flow API, which sends texts that are registered with DLT (msg91.com/help)."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.http_calls import HttpCalls, by_status
from services.notifications.sms.msg91_codes import (
    ABOUT_HEADER,
    OUT_OF_HOURS,
    OUT_OF_HOURS_WAIT_S,
    VERDICTS,
    is_out_of_hours,
    verdict_of,
)
from services.notifications.sms.numbers import without_number
from services.notifications.sms.provider import DltTemplate, OutgoingSms
from shared.runtime.clock import Clock, system_clock
from shared.runtime.outside.http_api import Reply, retry_after_s

CONCURRENCY: Final = 20
HEADER_WAIT_S: Final = 3600.0
NOT_REGISTERED: Final = (
    "MSG91 sends registered texts alone, and this one matches none: register it with DLT, add it to MSG91 as a template, and"
    " enter both ids at POST /v1/dlt-templates"
)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Msg91Account:
    """An account. sender: the header where a registered text brings none. url: without a path."""

    auth_key: str
    sender: str | None = None
    url: str = "https://control.msg91.com"


class Msg91Provider:
    """Sends one SMS per request, because the answer to a request has one id for all of its recipients.

    MSG91 offers no look-up of what it was sent: what had no answer stays unknown until a report comes.
    time_factor: shrinks every timer in tests.
    """

    concurrency = CONCURRENCY

    def __init__(self, account: Msg91Account, *, time_factor: float = 1.0, clock: Clock = system_clock) -> None:
        self._account = account
        self._clock = clock
        headers = {"authkey": account.auth_key}
        self._calls = HttpCalls(account.url, connections=CONCURRENCY, time_factor=time_factor, headers=headers)

    async def send(self, sms: OutgoingSms) -> Answer:
        if sms.dlt is None:
            return Answer(Verdict.BAD_CONTENT, NOT_REGISTERED)
        content = json.dumps(self.request(sms, sms.dlt)).encode()
        reply = await self._calls.call("POST", "/api/v5/flow", content=content)
        return without_number(reply if isinstance(reply, Answer) else self._read(reply), sms.to)

    async def close(self) -> None:
        await self._calls.close()

    def request(self, sms: OutgoingSms, dlt: DltTemplate) -> dict[str, Any]:
        """The body of the request."""
        recipient = {**dict(dlt.variables), "mobiles": sms.to.removeprefix("+"), "CRQID": reference(sms)}
        sender = sms.sender or dlt.header or self._account.sender
        return {
            "template_id": dlt.provider_template_id,
            "short_url": "0",
            "realTimeResponse": "1",
            **({"sender": sender} if sender else {}),
            "recipients": [recipient],
        }

    def _read(self, reply: Reply) -> Answer:
        said, kind = reply.text("message"), reply.text("type").lower()
        if 200 <= reply.status < 300 and kind == "success" and _REQUEST_ID.fullmatch(said):
            return Answer(Verdict.ACCEPTED, "taken", reply.status, provider_message_id=said)
        if 200 <= reply.status < 300 and kind != "error":
            return Answer(Verdict.UNKNOWN, "taken with an answer that cannot be read", reply.status)
        code = reply.number("code")
        told_s, verdict = retry_after_s(reply.headers, self._clock()), _verdict(reply, code, said)
        answer = self._calls.refusal(verdict, said or "no message", code or reply.status, told_s=told_s)
        if answer.code == OUT_OF_HOURS or (verdict is Verdict.TRANSIENT and is_out_of_hours(said)):
            return replace(answer, retry_after_s=self._calls.scaled(OUT_OF_HOURS_WAIT_S), of_recipient=True)
        if answer.code in ABOUT_HEADER:
            return replace(answer, closes=False, retry_after_s=self._calls.scaled(HEADER_WAIT_S))
        return answer


def reference(sms: OutgoingSms) -> str:
    """Our name of an attempt (CRQID, at most 80 of `[A-Za-z0-9_.-]`), which MSG91's reports quote."""
    return f"{sms.delivery_id.hex}.{sms.attempt}"


def _verdict(reply: Reply, code: int | None, said: str) -> Verdict:
    # A status below 400 is HTTP's own: its 202 is "accepted", while MSG91's is a number that cannot work.
    for known in (reply.status if reply.status >= 400 else None, code):
        # 400 says no more than that something is wrong; the words may say what.
        if known in VERDICTS and known != 400:
            return VERDICTS[known]
    return verdict_of(said) if reply.status < 300 or reply.status == 400 else by_status(reply.status)
