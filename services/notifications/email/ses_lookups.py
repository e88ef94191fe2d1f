"""What Amazon SES can be asked: the account's suppression list, and what became of a message."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from services.notifications.deliveries.receipt_models import RANKS, Receipt
from services.notifications.email.ses_classification import error_type
from services.notifications.providers.answers import MAX_DETAIL_CHARS, Answer, without_addresses
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

PAGE: Final = 1000
MAX_PAGES: Final = 1000
"""A list that never ends would keep its sweep for ever."""

BY_EVENT: Final[Mapping[str, Receipt]] = {
    "SEND": Receipt.PROCESSED,
    "DELIVERY_DELAY": Receipt.DEFERRED,
    "DELIVERY": Receipt.DELIVERED,
    "REJECT": Receipt.BLOCKED,
    "RENDERING_FAILURE": Receipt.BLOCKED,
    "COMPLAINT": Receipt.COMPLAINED,
}
"""Bounces are told apart by `bounce_receipt`; what is missing (OPEN, CLICK, SUBSCRIPTION) says nothing of the delivery."""
_BLOCKING: Final = frozenset({"contentrejected", "attachmentrejected", "messagetoolarge"})
_SUPPRESSED: Final = "onaccountsuppressionlist"
_BAD_DOMAIN: Final = "5.4.4"


class SesLookups:
    """The questions, on the provider's own connections and under its signature."""

    def __init__(self, api: HttpCalls) -> None:
        self._api = api

    async def max_per_s(self) -> float | None:
        """Recipients per second, of which each of our mails has one; None where SES does not say, or none is a number."""
        try:
            quota = (await self._ask("/v2/email/account") or {}).get("SendQuota")
        except LookupFailed:
            return None
        rate = quota.get("MaxSendRate") if isinstance(quota, dict) else None
        return float(rate) if isinstance(rate, int | float) and rate > 0 else None

    async def bounces(self, since: datetime) -> list[ListedBounce]:
        found: list[ListedBounce] = []
        query = [("Reason", "BOUNCE"), ("Reason", "COMPLAINT"), ("PageSize", str(PAGE)), ("StartDate", _timestamp(since))]
        token: str | None = None
        for _ in range(MAX_PAGES):
            body = await self._ask("/v2/email/suppression/addresses", [*query, *([("NextToken", token)] if token else [])])
            found += _listed(body or {})
            token = (body or {}).get("NextToken")
            if not token:
                return found
        raise LookupFailed(f"Amazon SES's suppression list has more than {PAGE * MAX_PAGES} entries since {since:%Y-%m-%d}")

    async def fate(self, provider_message_id: str, recipient: str) -> Fate | None:
        body = await self._ask(f"/v2/email/insights/{quote(provider_message_id, safe='')}/")
        insights = (body or {}).get("Insights")
        if not isinstance(insights, list):
            return None
        known = [fate for insight in insights for fate in _fates(insight, recipient)]
        return max(known, key=_rank, default=Fate(None))

    async def _ask(self, path: str, query: Sequence[tuple[str, str]] = ()) -> dict[str, Any] | None:
        """The JSON object at a path; None where there is none (404)."""
        reply = await self._api.call("GET", path, query=query)
        if isinstance(reply, Answer):
            raise LookupFailed(f"Amazon SES: {reply.detail}", retry_after_s=reply.retry_after_s)
        if reply.status == 404:
            return None
        if reply.status != 200 or not isinstance(reply.body, dict):
            raise LookupFailed(f"Amazon SES answered {reply.status} {error_type(reply) or 'without a reason'}")
        return reply.body


def bounce_receipt(bounce_type: str, sub_type: str, diagnostic: str | None) -> Receipt:
    """What a bounce means, by SES's own kinds in either spelling (docs.aws.amazon.com/ses/latest/dg/notification-contents.html).

    A transient one with 5.4.4 is a domain that has no mail server, which no waiting heals. Where the address is on the account's
    own list, SES has not tried.
    """
    sub_kind = sub_type.lower().replace("_", "")
    if sub_kind == _SUPPRESSED:
        return Receipt.SUPPRESSED
    if sub_kind in _BLOCKING:
        return Receipt.BLOCKED
    is_hard = bounce_type.lower() == "permanent" or _BAD_DOMAIN in (diagnostic or "")
    return Receipt.BOUNCED_HARD if is_hard else Receipt.BOUNCED_SOFT


def _listed(body: Mapping[str, Any]) -> list[ListedBounce]:
    found = []
    for entry in body.get("SuppressedDestinationSummaries") or []:
        at = instant(entry.get("LastUpdateTime")) if isinstance(entry, dict) else None
        if at is not None and isinstance(entry.get("EmailAddress"), str):
            reason = str(entry.get("Reason"))
            listed = Listed.COMPLAINED if reason == "COMPLAINT" else Listed.BOUNCED
            found.append(ListedBounce(entry["EmailAddress"], reason.lower(), None, at, listed))
    return found


def _fates(insight: Any, recipient: str) -> list[Fate]:
    if not isinstance(insight, dict) or str(insight.get("Destination", recipient)).lower() != recipient.lower():
        return []
    return [_fate(event) for event in insight.get("Events") or [] if isinstance(event, dict)]


def _fate(event: Mapping[str, Any]) -> Fate:
    kind, at = str(event.get("Type")), instant(event.get("Timestamp"))
    details = event.get("Details")
    bounce = details.get("Bounce") if isinstance(details, dict) else None
    if kind != "BOUNCE" or not isinstance(bounce, dict):
        return Fate(BY_EVENT.get(kind), at, verdict=verdict_of_mail(BY_EVENT.get(kind)))
    said = bounce.get("DiagnosticCode")
    diagnostic = said if isinstance(said, str) else None
    receipt = bounce_receipt(str(bounce.get("BounceType")), str(bounce.get("BounceSubType")), diagnostic)
    detail = without_addresses(diagnostic)[:MAX_DETAIL_CHARS] if diagnostic else None
    return Fate(receipt, at, enhanced_in(diagnostic), detail, verdict_of_mail(receipt))


def _rank(fate: Fate) -> int:
    return RANKS[fate.kind] if fate.kind is not None else 0


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
