"""E-mail over SendGrid's v3 API (twilio.com/docs/sendgrid/api-reference/mail-send).

SendGrid knows no idempotency: a call whose answer is lost leaves its mails unknown. Each carries its delivery id as the custom
argument `ref`, by which its events are found, and the same Message-ID on every attempt.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from services.notifications.email.provider import OutgoingEmail, no_smtputf8
from services.notifications.email.sendgrid_batches import LINGER_S, Batches
from services.notifications.email.sendgrid_classification import Complaint, Refused, classify, rate, refused, wait_s
from services.notifications.email.sendgrid_lookups import SendGridLookups
from services.notifications.email.sendgrid_payload import MAX_PERSONALIZATIONS, alone, groups, together
from services.notifications.providers.answers import Answer, Verdict, without_address, without_addresses
from services.notifications.providers.http_calls import HttpCalls
from services.notifications.providers.lookups import Fate, ListedBounce
from shared.runtime.clock import Clock, system_clock
from shared.runtime.outside.http_api import Reply

CONCURRENCY: Final = 250
CONNECTIONS: Final = 50
SEND: Final = "/v3/mail/send"


@dataclass(frozen=True, slots=True)
class SendGridAccount:
    """An account. url: `https://api.eu.sendgrid.com` for subusers in the EU."""

    api_key: str = field(repr=False)
    url: str = "https://api.sendgrid.com"


class SendGridProvider:
    """Sends bulk mails in batches and each other mail at once on its own."""

    concurrency = CONCURRENCY

    def __init__(self, account: SendGridAccount, *, time_factor: float = 1.0, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._api = HttpCalls(
            account.url,
            connections=CONNECTIONS,
            headers={"Authorization": f"Bearer {account.api_key}"},
            time_factor=time_factor,
        )
        self._batches = Batches(self._send_many, most=MAX_PERSONALIZATIONS, linger_s=self._api.scaled(LINGER_S))
        self._lookups = SendGridLookups(self._api)

    async def send(self, email: OutgoingEmail) -> Answer:
        if email.recipient.international:
            return no_smtputf8("SendGrid")
        if email.bulk and not email.attachments:
            answer = await self._batches.send(email)
        else:
            answer = await self._alone(email, self._api.deadline())
        return without_address(answer, email.recipient.address)

    async def bounces(self, since: datetime) -> list[ListedBounce]:
        """The account's bounce list. Raises LookupFailed."""
        return await self._lookups.bounces(since)

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        """What Email Activity says; None without that add-on, and in the EU. Raises LookupFailed."""
        return await self._lookups.fate(provider_message_id, recipient)

    async def close(self) -> None:
        await self._batches.close()
        await self._api.close()

    async def _send_many(self, emails: Sequence[OutgoingEmail]) -> list[Answer]:
        deadline = self._api.deadline()
        found = groups(emails)
        answers = _joined(await asyncio.gather(*(self._together(group, deadline) for group in found)))
        return [answers[id(email)] for email in emails]

    async def _together(self, emails: Sequence[OutgoingEmail], deadline: float) -> dict[int, Answer]:
        """The answer to each mail of a group, by its identity: the same delivery may come twice."""
        if len(emails) <= 1:
            return {id(email): await self._alone(email, deadline) for email in emails}
        batch = together(emails)
        apart = [self._together([email], deadline) for email in batch.too_large]
        if len(batch.mails) <= 1:
            apart.append(self._together(batch.mails, deadline))
        else:
            apart.append(self._posted(batch.mails, batch.request, deadline))
        return _joined(await asyncio.gather(*apart))

    async def _posted(self, mails: Sequence[OutgoingEmail], request: bytes, deadline: float) -> dict[int, Answer]:
        reply = await self._api.call("POST", SEND, content=request, deadline=deadline)
        if isinstance(reply, Answer):
            return dict.fromkeys(map(id, mails), reply)
        refusal_of_all = refused(reply)
        if refusal_of_all is None:
            return dict.fromkeys(map(id, mails), self._accepted(reply))
        blamed = _blamed(mails, refusal_of_all)
        if blamed:
            answers = {key: self._refused(reply, refusal_of_all.status, said) for key, said in blamed.items()}
            rest = [mail for mail in mails if id(mail) not in blamed]
            return {**answers, **await self._together(rest, deadline)}
        if _is_of_one(refusal_of_all):
            # Whichever it is does not stand in the answer; halves find it in a few requests.
            middle = len(mails) // 2
            halves = (self._together(mails[:middle], deadline), self._together(mails[middle:], deadline))
            return _joined(await asyncio.gather(*halves))
        answer = self._refused(reply, refusal_of_all.status, refusal_of_all.complaints)
        return dict.fromkeys(map(id, mails), answer)

    async def _alone(self, email: OutgoingEmail, deadline: float) -> Answer:
        reply = await self._api.call("POST", SEND, content=alone(email), deadline=deadline)
        if isinstance(reply, Answer):
            return reply
        found = refused(reply)
        return self._refused(reply, found.status, found.complaints) if found is not None else self._accepted(reply)

    def _accepted(self, reply: Reply) -> Answer:
        # Events carry the id with more behind a dot (support.sendgrid.com, article 35804743679259).
        message_id = reply.headers.get("X-Message-Id", "").partition(".")[0] or None
        left = rate(reply, self._clock())
        return Answer(
            Verdict.ACCEPTED,
            "accepted",
            reply.status,
            provider_message_id=message_id,
            remaining=left.remaining,
            reset_s=left.reset_s,
        )

    def _refused(self, reply: Reply, status: int, complaints: Sequence[Complaint]) -> Answer:
        now = self._clock()
        detail = without_addresses(Refused(status, tuple(complaints)).detail)
        answer = self._api.refusal(classify(status, complaints), detail, reply.status, told_s=wait_s(reply, now))
        left = rate(reply, now)
        return replace(answer, remaining=left.remaining, reset_s=left.reset_s)


def _blamed(mails: Sequence[OutgoingEmail], refusal_of_all: Refused) -> dict[int, list[Complaint]]:
    """The complaints that name one of the mails, by the mail's identity."""
    found: dict[int, list[Complaint]] = {}
    if refusal_of_all.status == 400 and not any(one.is_senders for one in refusal_of_all.complaints):
        for one in refusal_of_all.complaints:
            if one.index is not None and one.index < len(mails):
                found.setdefault(id(mails[one.index]), []).append(one)
    return found


def _is_of_one(refusal_of_all: Refused) -> bool:
    """Whether the refusal is of what some of the mails say or how large they are together, and not of our account."""
    senders = any(one.is_senders for one in refusal_of_all.complaints)
    return refusal_of_all.status == 413 or (classify(refusal_of_all.status, ()) is Verdict.BAD_CONTENT and not senders)


def _joined(parts: Iterable[dict[int, Answer]]) -> dict[int, Answer]:
    return {key: answer for part in parts for key, answer in part.items()}
