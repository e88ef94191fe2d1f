"""SMS over Twilio's REST API (twilio.com/docs/messaging/api/message-resource)."""

import re
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from services.notifications.providers.answers import Answer, Verdict
from services.notifications.providers.http_calls import HttpCalls, by_status
from services.notifications.providers.lookups import Fate, LookupFailed
from services.notifications.sms.numbers import without_number
from services.notifications.sms.price_models import Price
from services.notifications.sms.prices import told_price
from services.notifications.sms.provider import OutgoingSms
from services.notifications.sms.twilio_codes import ABOUT_RECIPIENT, ABOUT_SENDER, VERDICTS, fate_of
from shared.runtime.clock import Clock, system_clock
from shared.runtime.outside.http_api import Reply, retry_after_s

CONCURRENCY: Final = 20
MAX_VALIDITY_S: Final = 36_000
MAX_BODY_CHARS: Final = 1600
PAGE_SIZE: Final = 100
LIST_SIZE: Final = 1000
MAX_LISTS: Final = 5
"""Pages of the list of messages that a look for prices reads at most."""
ONE_WAIT_S: Final = 3600.0
"""How long a message waits that the account may not send, where it may send others."""
SKEW: Final = timedelta(seconds=30)
"""By how much Twilio's clock may be behind ours."""
_SID: Final = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_TRIAL: Final = "Sent from your Twilio trial account - "


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """An account and how it sends.

    sender: a number or an alphanumeric id; messaging_service_sid: in its place. status_callback: where Twilio reports; the
    delivery's id is added as `ref`. None: it reports nowhere. url: without a path.
    """

    account_sid: str
    auth_token: str
    sender: str | None = None
    messaging_service_sid: str | None = None
    status_callback: str | None = None
    url: str = "https://api.twilio.com"


@dataclass(frozen=True, slots=True)
class SentSms:
    """A message as Twilio has it."""

    sid: str
    status: str
    error_code: int | None


class TwilioProvider:
    """Sends one SMS per request.

    time_factor: shrinks every timer in tests.
    """

    concurrency = CONCURRENCY

    def __init__(self, account: TwilioAccount, *, time_factor: float = 1.0, clock: Clock = system_clock) -> None:
        self._account = account
        self._clock = clock
        self._path = f"/2010-04-01/Accounts/{account.account_sid}/Messages"
        self._calls = HttpCalls(
            account.url, connections=CONCURRENCY, time_factor=time_factor, auth=(account.account_sid, account.auth_token)
        )

    async def send(self, sms: OutgoingSms) -> Answer:
        if not 1 <= len(sms.body) <= MAX_BODY_CHARS:
            return Answer(Verdict.BAD_CONTENT, f"the text has {len(sms.body)} characters; an SMS may have 1 to {MAX_BODY_CHARS}")
        reply = await self._calls.call("POST", f"{self._path}.json", form=self.form(sms))
        return without_number(reply if isinstance(reply, Answer) else self._read(reply, sms), sms.to)

    async def close(self) -> None:
        await self._calls.close()

    async def resolve(self, sms: OutgoingSms, since: datetime) -> Answer | None:
        """What became of an SMS whose sending got no answer: asked before it is sent again.

        since: when its attempt began. The answer to that attempt where Twilio has the message; None where it has not, so that it
        may be sent; an answer with Verdict.UNKNOWN where Twilio could not be asked.
        """
        try:
            found = await self.find_sent(sms.to, sms.body, since, sms.taken)
        except LookupFailed as error:
            return without_number(Answer(Verdict.UNKNOWN, error.detail), sms.to)
        if found is None:
            return None
        return self._taken(found, "found by a look-up after the connection was lost", sms)

    async def find_sent(self, to: str, body: str, since: datetime, taken: Collection[str] = ()) -> SentSms | None:
        """The newest message to this number with this text that was made at `since` or later and is none of those whose ids are
        `taken`: the same may have been said twice. Raises LookupFailed."""
        at = since.astimezone(UTC)
        wanted = {"To": to, "PageSize": str(PAGE_SIZE)}
        # A message that Twilio still holds back has no DateSent, so what the first list lacks may be in the second.
        for query in ({**wanted, "DateSent>": at.strftime("%Y-%m-%d")}, wanted):
            listed = (await self._get(f"{self._path}.json", query)) or {}
            for message in listed.get("messages") or ():
                if isinstance(message, Mapping) and message.get("sid") not in taken and _is_ours(message, body, at):
                    return _sent(message)
        return None

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        """What became of one message; None where Twilio does not know it. Raises LookupFailed."""
        if not _SID.fullmatch(provider_message_id):
            return None
        message = await self._get(f"{self._path}/{provider_message_id}.json", {})
        if message is None:
            return None
        sent = _sent(message)
        told = fate_of(sent.status, sent.error_code)
        said = without_number(Answer(Verdict.ACCEPTED, str(message.get("error_message") or told.kind)), recipient)
        code = str(sent.error_code) if sent.error_code is not None else None
        return Fate(told.receipt, _moment(message.get("date_updated")), code, said.detail, told.verdict, _price(message))

    async def price(self, message_id: str) -> Price | None:
        """What one message cost; None until Twilio says it. Raises LookupFailed."""
        if not _SID.fullmatch(message_id):
            return None
        return _price(await self._get(f"{self._path}/{message_id}.json", {}) or {})

    async def listed_prices(
        self, message_ids: Collection[str], since: datetime, until: datetime
    ) -> AsyncIterator[tuple[str, Price]]:
        """What those of these messages cost that were sent in this time and of which Twilio says it by now, as it is read.

        Reads the account's list, the newest first, and no further than the last of them and MAX_LISTS pages. Raises LookupFailed.
        """
        wanted = set(message_ids)
        first, last = (moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (since - SKEW, until + SKEW))
        query = {"DateSent>": first, "DateSent<": last, "PageSize": str(LIST_SIZE)}
        for _ in range(MAX_LISTS):
            listed = await self._get(f"{self._path}.json", query) or {}
            for message in _messages(listed):
                sid, price = str(message.get("sid")), _price(message)
                if sid in wanted and price is not None:
                    yield sid, price
                wanted.discard(sid)
            query = _next_query(listed)
            if not query or not wanted:
                return

    def form(self, sms: OutgoingSms) -> dict[str, str]:
        """The fields of the request."""
        account = self._account
        fields = {"To": sms.to, "Body": sms.body}
        if sms.sender is not None:
            fields["From"] = sms.sender
        elif account.messaging_service_sid is not None:
            fields["MessagingServiceSid"] = account.messaging_service_sid
        elif account.sender is not None:
            fields["From"] = account.sender
        if account.status_callback is not None:
            fields["StatusCallback"] = f"{account.status_callback}?{urlencode({'ref': str(sms.delivery_id)})}"
        if sms.valid_for_s is not None:
            fields["ValidityPeriod"] = str(min(max(sms.valid_for_s, 1), MAX_VALIDITY_S))
        return fields

    def _read(self, reply: Reply, sms: OutgoingSms) -> Answer:
        code = reply.number("code")
        if 200 <= reply.status < 300 and code is None:
            sid = reply.text("sid")
            if not _SID.fullmatch(sid):
                return Answer(Verdict.UNKNOWN, "taken with an answer that cannot be read", reply.status)
            answer = self._taken(_sent(reply.members), reply.text("error_message") or reply.text("status"), sms)
            return replace(answer, code=reply.status) if answer.verdict is Verdict.ACCEPTED else answer
        verdict = VERDICTS.get(code) if code is not None else None
        if verdict is None or reply.status == 429:
            verdict = by_status(reply.status) if reply.status >= 300 else Verdict.BAD_CONTENT
        said = reply.text("message") or "the answer holds no message"
        told_s = retry_after_s(reply.headers, self._clock())
        return self._refused(self._calls.refusal(verdict, said, code or reply.status, told_s=told_s), sms)

    def _taken(self, sent: SentSms, detail: str, sms: OutgoingSms) -> Answer:
        """The answer of a message that Twilio has, which it may have given up at once."""
        if sent.status not in ("failed", "undelivered", "canceled"):
            return Answer(Verdict.ACCEPTED, detail, provider_message_id=sent.sid)
        verdict = VERDICTS.get(sent.error_code or 0, Verdict.TRANSIENT)
        answer = self._calls.refusal(verdict, detail or sent.status, sent.error_code)
        return self._refused(replace(answer, provider_message_id=sent.sid), sms)

    def _refused(self, answer: Answer, sms: OutgoingSms) -> Answer:
        """A refusal that leaves the account open where it is about this message alone."""
        is_own = answer.code in ABOUT_SENDER and sms.sender is not None
        if is_own or answer.code in ABOUT_RECIPIENT:
            return replace(answer, closes=False, retry_after_s=self._calls.scaled(ONE_WAIT_S))
        return answer

    async def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        reply = await self._calls.call("GET", path, query=list(query.items()))
        if isinstance(reply, Answer):
            raise LookupFailed(reply.detail, retry_after_s=reply.retry_after_s)
        if reply.status == 404:
            return None
        if reply.status != 200 or not isinstance(reply.body, dict):
            raise LookupFailed(f"Twilio answered a look-up with {reply.status}; it is asked again later")
        return reply.members


def _is_ours(message: Mapping[str, Any], body: str, since: datetime) -> bool:
    created = _moment(message.get("date_created"))
    text = str(message.get("body") or "").removeprefix(_TRIAL)
    is_outbound = str(message.get("direction") or "").startswith("outbound")
    return is_outbound and text.strip() == body.strip() and created is not None and created >= since - SKEW


def _sent(message: Mapping[str, Any]) -> SentSms:
    code = str(message.get("error_code") or "")
    return SentSms(str(message.get("sid")), str(message.get("status")), int(code) if code.isdecimal() else None)


def _messages(listed: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = listed.get("messages")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _next_query(listed: Mapping[str, Any]) -> dict[str, str]:
    """Of the page after this one; empty after the last. Of its address no more is heeded: where Twilio is, the account says."""
    return dict(parse_qsl(urlsplit(str(listed.get("next_page_uri") or "")).query))


def _price(message: Mapping[str, Any]) -> Price | None:
    """What a message cost, of all its segments; None until Twilio knows it."""
    return told_price(message.get("price"), message.get("price_unit"))


def _moment(value: Any) -> datetime | None:
    """A time as Twilio writes it: RFC 2822."""
    try:
        found = parsedate_to_datetime(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
