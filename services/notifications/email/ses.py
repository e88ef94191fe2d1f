"""E-mail over Amazon SES, API version 2 (docs.aws.amazon.com/ses/latest/APIReference-V2/)."""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.notifications.email.provider import OutgoingEmail, no_smtputf8
from services.notifications.email.ses_classification import classify, error_message, error_type, wait_s
from services.notifications.email.ses_lookups import SesLookups
from services.notifications.email.sigv4 import AwsKey, Scope, SigV4
from services.notifications.providers.answers import Answer, Verdict, without_address, without_addresses
from services.notifications.providers.http_calls import HttpCalls
from services.notifications.providers.lookups import Fate, ListedBounce
from shared.runtime.clock import Clock, system_clock
from shared.runtime.outside.http_api import Reply, retry_after_s

SIGNING_NAME: Final = "ses"
CONCURRENCY: Final = 20
SEND: Final = "/v2/email/outbound-emails"


@dataclass(frozen=True, slots=True)
class SesAccount:
    """An account in a region. url: where it is not the region's own. configuration_set: whose events come back to us."""

    region: str
    key: AwsKey
    configuration_set: str | None = None
    url: str | None = None

    @property
    def base_url(self) -> str:
        return self.url or f"https://email.{self.region}.amazonaws.com"


class SesProvider:
    """Sends each mail as the MIME that every other provider sends, so one renderer and one preview serve all.

    Bounces come back as events, and as a list; no FeedbackForwardingEmailAddress is given, because SES refuses a mail whose
    address for feedback is not verified, and each of our bounce addresses is another one. SES names no rate in its answers; it
    is asked for the one of the account.
    """

    concurrency = CONCURRENCY

    def __init__(self, account: SesAccount, *, time_factor: float = 1.0, clock: Clock = system_clock) -> None:
        self._account = account
        self._clock = clock
        self._api = HttpCalls(
            account.base_url,
            connections=CONCURRENCY,
            auth=SigV4(account.key, Scope(account.region, SIGNING_NAME), clock),
            time_factor=time_factor,
        )
        self._lookups = SesLookups(self._api)

    async def send(self, email: OutgoingEmail) -> Answer:
        if email.recipient.international:
            return no_smtputf8("Amazon SES")
        reply = await self._api.call("POST", SEND, content=self._request(email))
        answer = reply if isinstance(reply, Answer) else self._read(reply, email)
        return without_address(answer, email.recipient.address)

    async def max_per_s(self) -> float | None:
        """The account's MaxSendRate; None where it does not say."""
        return await self._lookups.max_per_s()

    async def bounces(self, since: datetime) -> list[ListedBounce]:
        """The account's suppression list. Raises LookupFailed."""
        return await self._lookups.bounces(since)

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        """What SES's message insights say; None without them (Virtual Deliverability Manager). Raises LookupFailed."""
        return await self._lookups.fate(provider_message_id, recipient)

    async def close(self) -> None:
        await self._api.close()

    def _request(self, email: OutgoingEmail) -> bytes:
        request: dict[str, Any] = {
            "FromEmailAddress": email.sender.address,
            "Destination": {"ToAddresses": [email.recipient.address]},
            "Content": {"Raw": {"Data": b64encode(email.mime()).decode()}},
            "EmailTags": [{"Name": "ref", "Value": str(email.delivery_id)}],
        }
        if self._account.configuration_set is not None:
            request["ConfigurationSetName"] = self._account.configuration_set
        return json.dumps(request).encode()

    def _read(self, reply: Reply, email: OutgoingEmail) -> Answer:
        status, error, message = reply.status, error_type(reply), error_message(reply)
        message_id = reply.members.get("MessageId")
        if 200 <= status < 300 and error is None and isinstance(message_id, str) and message_id:
            return Answer(Verdict.ACCEPTED, "accepted", status, provider_message_id=message_id)
        verdict = classify(status, error, message, email.sender.address)
        words = ": ".join(part for part in (error, message) if part) or f"status {status} without a reason"
        return self._api.refusal(
            verdict,
            without_addresses(words),
            status,
            told_s=retry_after_s(reply.headers, self._clock()),
            usual_s=wait_s(verdict, error, message),
        )
