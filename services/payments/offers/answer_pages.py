"""The page behind the link of an offer: no script, nothing from elsewhere, and a policy that allows neither (CSP level 3)."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from string import Template
from typing import Final
from zoneinfo import ZoneInfo

from services.payments.money.formatting import show
from services.payments.offers.answer_repository import ShownLine, ShownOffer
from services.payments.offers.models import OfferStatus
from shared.contracts.money import Money

_STYLE: Final = (
    ":root{color-scheme:light dark}body{margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:640px;margin:0 auto}"
    "table{width:100%;border-collapse:collapse}td,th{padding:8px 4px;text-align:left;border-bottom:1px solid #8886}"
    "td:last-child,th:last-child{text-align:right}input,button{font:inherit;min-height:44px;padding:8px 16px}"
    "input{width:100%;box-sizing:border-box}form{margin:20px 0}button{margin-top:8px}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_PAGE: Final = Template(
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
    f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>$title</title><style>{_STYLE}</style></head>'
    "<body><main><h1>$title</h1>$content</main></body></html>\n"
)
_FORMS: Final = (
    '<form method="post"><input type="hidden" name="answer" value="accept"><button>Accept the offer</button></form>'
    '<form method="post"><input type="hidden" name="answer" value="decline">'
    '<label>Why not? <input name="reason" maxlength="500" required></label><button>Decline the offer</button></form>'
)
_STANDS: Final[dict[OfferStatus, str]] = {
    "open": "Please answer until {until}.",
    "accepted": "You have accepted this offer. Thank you.",
    "declined": "You have declined this offer.",
    "expired": "The time for an answer is over, so the offer does not stand any more.",
    "withdrawn": "The offer was withdrawn and does not stand any more.",
}


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a reader."""

    status: int
    html: str


def unknown_page() -> Page:
    """For a link that is none."""
    said = "This link belongs to no offer. It may have been cut short on its way; open it from the mail again."
    return _page(404, "No such offer", f"<p>{said}</p>")


def offer_page(offer: ShownOffer, lines: Sequence[ShownLine], now: datetime, *, status: int = 200) -> Page:
    """What is asked for, and as long as it stands two buttons."""
    standing: OfferStatus = "expired" if offer.status == "open" and offer.expires_at <= now else offer.status
    until = f"{offer.expires_at.astimezone(ZoneInfo(offer.time_zone)):%d %B %Y, %H:%M} ({offer.time_zone})"
    rows = "".join(_row(line, offer.currency) for line in lines)
    total = show(Money(amount_minor=offer.total_minor, currency=offer.currency))
    content = (
        f"<p>For {escape(offer.manufacturer)}</p><p><strong>{escape(_STANDS[standing].format(until=until))}</strong></p>"
        f"<table><tr><th>What</th><th>Units</th><th>A unit</th></tr>{rows}</table>"
        f"<p>In total {escape(total)}, before tax. Ready by {offer.ready_on:%d %B %Y}.</p>{_FORMS if standing == 'open' else ''}"
    )
    return _page(status, f"Offer for order {offer.order_number}", content)


def _row(line: ShownLine, currency: str) -> str:
    price = show(Money(amount_minor=line.unit_price_minor, currency=currency))
    what = f"{line.name} ({line.capability})"
    return f"<tr><td>{escape(what)}</td><td>{line.quantity:,}</td><td>{escape(price)}</td></tr>"


def _page(status: int, title: str, content: str) -> Page:
    return Page(status, _PAGE.substitute(title=escape(title), content=content))
