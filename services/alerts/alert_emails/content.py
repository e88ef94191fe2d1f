"""What the e-mails about alerts say: the contexts of the templates `shipment_alert` and `shipment_alert_digest`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import JsonValue

from services.alerts.alert_emails.models import DigestNews, ShipmentNews

TEMPLATE: Final = "shipment_alert"
DIGEST_TEMPLATE: Final = "shipment_alert_digest"
LISTED: Final = 100
"""How many shipments a digest lists, the worst ones; more would not be read."""
LISTED_BYTES: Final = 40_000
"""A message has at most 64 KB, and names may be long, in letters of four bytes."""
_SEVERITIES: Final = ("critical", "high", "warning", "info")
_PLACES: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217: the currencies whose minor unit is not a hundredth."""


def alert_context(news: ShipmentNews) -> dict[str, JsonValue]:
    """What the mail about one shipment's alert is made of."""
    return {
        "severity": news.severity,
        "step": news.step,
        "days_late": news.days_late,
        "raised_on": news.raised_on.isoformat(),
        "eta": news.eta.isoformat(),
        "original_eta": news.original_eta.isoformat(),
        "reference": news.reference,
        "customer": news.customer,
        "carrier": news.carrier,
        "origin": news.origin,
        "destination": news.destination,
        "mode": news.mode,
        "status": news.shipment_status,
        "last_free_day": news.last_free_day.isoformat() if news.last_free_day is not None else None,
        "missing_documents": list(news.missing_documents),
        "holds": [_hold(hold) for hold in news.holds],
        "alert_id": str(news.alert_id),
        "earlier": len(news.alert_ids) - 1,
    }


def digest_context(news: DigestNews) -> dict[str, JsonValue]:
    """What the mail about many shipments is made of: as many of the worst as a message holds, and how many more there are."""
    listed = _fitting(news.first)
    return {
        "raised_on": news.raised_on.isoformat(),
        "total": news.total,
        "counts": {severity: news.counts.get(severity, 0) for severity in _SEVERITIES},
        "customers": news.customers,
        "alerts": listed,
        "more": news.total - len(listed),
    }


def _fitting(alerts: Sequence[Mapping[str, JsonValue]]) -> list[JsonValue]:
    listed: list[JsonValue] = []
    size = 0
    for alert in alerts:
        size += len(json.dumps(alert, ensure_ascii=False).encode())
        if size > LISTED_BYTES:
            break
        listed.append(dict(alert))
    return listed


def _hold(hold: Mapping[str, Any]) -> JsonValue:
    return {"kind": hold["kind"], "placed_on": hold["placed_on"], "fee": _fee(hold["fee_minor"], hold["currency"])}


def _fee(minor: int | None, currency: str | None) -> str | None:
    if minor is None or currency is None:
        return None
    places = _PLACES.get(currency, 2)
    whole, part = divmod(minor, 10**places)
    return f"{whole}.{part:0{places}} {currency}" if places else f"{whole} {currency}"
