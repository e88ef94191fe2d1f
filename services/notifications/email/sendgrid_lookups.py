"""What SendGrid can be asked: its lists of whom it sends no more to, and what became of a message (Email Activity)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from services.notifications.deliveries.receipt_models import RANKS, Receipt
from services.notifications.providers.answers import MAX_DETAIL_CHARS, Answer, Verdict, without_addresses
from services.notifications.providers.http_calls import HttpCalls
from services.notifications.providers.lookups import (
    Fate,
    Listed,
    ListedBounce,
    LookupFailed,
    enhanced_in,
    instant,
    verdict_of_mail,
)

PAGE: Final = 500
MAX_PAGES: Final = 2000
"""A list that never ends would keep its sweep for ever."""

BY_EVENT: Final[Mapping[str, Receipt]] = {
    "processed": Receipt.PROCESSED,
    "deferred": Receipt.DEFERRED,
    "delivered": Receipt.DELIVERED,
    "spam_report": Receipt.COMPLAINED,
}
"""Bounces and drops are told apart by their reasons; what is missing (opened, clicked, …) says nothing of the delivery."""
_BY_STATUS: Final[Mapping[str, Receipt]] = {"processed": Receipt.PROCESSED, "delivered": Receipt.DELIVERED}
_DROPS: Final = (
    ("bounce", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    ("invalid", Receipt.BOUNCED_HARD, Verdict.BAD_RECIPIENT),
    ("unsubscribed", Receipt.SUPPRESSED, Verdict.OPTED_OUT),
    ("spam reporting", Receipt.SUPPRESSED, Verdict.COMPLAINED),
)
"""By how the reason begins: SendGrid has not tried, because of what it has learned of the address before."""

_LISTS: Final = (
    ("bounces", Listed.BOUNCED),
    ("invalid_emails", Listed.BOUNCED),
    ("spam_reports", Listed.COMPLAINED),
    ("unsubscribes", Listed.UNSUBSCRIBED),
)
"""docs.sendgrid.com/api-reference/suppressions: those of the whole account, all read alike. Its blocks are about single mails,
and whoever has left a group of unsubscriptions may get other mails."""


class SendGridLookups:
    """The questions, on the provider's own connections."""

    def __init__(self, api: HttpCalls) -> None:
        self._api = api

    async def bounces(self, since: datetime) -> list[ListedBounce]:
        return [one for name, listed in _LISTS for one in await self._read_list(name, listed, since)]

    async def _read_list(self, name: str, listed: Listed, since: datetime) -> list[ListedBounce]:
        found: list[ListedBounce] = []
        for page in range(MAX_PAGES):
            query = [("start_time", str(int(since.timestamp()))), ("limit", str(PAGE)), ("offset", str(page * PAGE))]
            body = await self._ask(f"/v3/suppression/{name}", query)
            entries = body if isinstance(body, list) else []
            found += [one for entry in entries if (one := _listed(entry, listed)) is not None]
            if len(entries) < PAGE:
                return found
        raise LookupFailed(f"SendGrid's list of {name} has more than {PAGE * MAX_PAGES} entries since {since:%Y-%m-%d}")

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        """The whole id is found by its beginning and the recipient, because the mails of one call share that beginning."""
        query = f"msg_id LIKE {_quoted(provider_message_id + '%')} AND to_email={_quoted(recipient)}"
        listed = await self._ask("/v3/messages", [("query", query), ("limit", "10")])
        messages = listed.get("messages") if isinstance(listed, dict) else None
        known = [one for one in messages or [] if isinstance(one, dict) and isinstance(one.get("msg_id"), str)]
        if not known:
            return None
        message = await self._ask(f"/v3/messages/{quote(known[0]['msg_id'], safe='')}")
        events = message.get("events") if isinstance(message, dict) else None
        fates = [_fate(event) for event in events or [] if isinstance(event, dict)]
        summary = Fate(_BY_STATUS.get(str(known[0].get("status"))), instant(known[0].get("last_event_time")))
        return max([*fates, summary], key=lambda fate: RANKS[fate.kind] if fate.kind is not None else 0)

    async def _ask(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Any:
        """The JSON at a path; None where the account cannot see it (403, without the add-on) or nothing is there (404)."""
        reply = await self._api.call("GET", path, query=query)
        if isinstance(reply, Answer):
            raise LookupFailed(f"SendGrid: {reply.detail}", retry_after_s=reply.retry_after_s)
        if reply.status in (403, 404) and path.startswith("/v3/messages"):
            return None
        if reply.status != 200 or not isinstance(reply.body, dict | list):
            raise LookupFailed(f"SendGrid answered {reply.status} to {path.partition('/v3/')[2]}")
        return reply.body


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _listed(entry: Any, listed: Listed) -> ListedBounce | None:
    at = instant(entry.get("created")) if isinstance(entry, dict) else None
    if at is None or not isinstance(entry.get("email"), str):
        return None
    status, reason = entry.get("status"), str(entry.get("reason") or "")
    known = status if isinstance(status, str) and status else enhanced_in(reason)
    return ListedBounce(entry["email"], without_addresses(reason)[:MAX_DETAIL_CHARS], known, at, listed)


def _fate(event: Mapping[str, Any]) -> Fate:
    name, at = str(event.get("event_name")), instant(event.get("processed"))
    said = event.get("reason")
    reason = said if isinstance(said, str) and said else None
    kind = BY_EVENT.get(name)
    if name == "bounced":
        kind = _bounce(str(event.get("bounce_type")), enhanced_in(reason))
    verdict = verdict_of_mail(kind)
    if name == "dropped":
        why = (reason or "").lower()
        kind, verdict = next((one[1:] for one in _DROPS if why.startswith(one[0])), (Receipt.BLOCKED, Verdict.BLOCKED))
    detail = without_addresses(reason)[:MAX_DETAIL_CHARS] if reason else None
    return Fate(kind, at, enhanced_in(reason), detail, verdict)


def _bounce(bounce_type: str, status: str | None) -> Receipt:
    if status is not None and status[1:].startswith(".7."):
        return Receipt.BLOCKED
    return Receipt.BOUNCED_HARD if bounce_type == "hard" else Receipt.BOUNCED_SOFT
