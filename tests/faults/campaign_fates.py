"""Whom a campaign goes to, what becomes of the mails to each recipient, and where that must leave the delivery."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.notifications.deliveries.receipt_models import Receipt

_TWICE: Final = {"repeat": 2, "reorder": True}
_LATE_S: Final = 2.0


@dataclass(frozen=True)
class Fate:
    """What becomes of the mails to the addresses of a domain.

    rule: by which the provider reports it; None where it reports nothing. receipt: where the delivery must stand at the end.
    suppresses: whether nobody writes to the address any more, once that is known.
    """

    domain: str
    rule: Mapping[str, Any] | None
    receipt: Receipt | None
    suppresses: bool = False


UNREPORTED: Final = Fate("example.com", None, None)
DELIVERED: Final = Fate("example.com", {"action": "delivered", **_TWICE}, Receipt.DELIVERED)
COMPLAINS: Final = Fate("complains.example.com", {"action": "complaint", **_TWICE}, Receipt.COMPLAINED, suppresses=True)
"""One of all: two complaints would stop the campaign, as they must."""
RARE: Final[Mapping[int, Fate]] = {
    7: Fate("late.example.com", {"action": "delivered", "seconds": _LATE_S, **_TWICE}, Receipt.DELIVERED),
    27: Fate("patience.example.com", {"action": "deferred", **_TWICE}, Receipt.DELIVERED),
    47: Fate("opens.example.com", {"action": "opened", "seconds": _LATE_S, **_TWICE}, Receipt.DELIVERED),
    67: Fate("leaves.example.com", {"action": "unsubscribe", **_TWICE}, Receipt.DELIVERED, suppresses=True),
    87: Fate("silent.example.com", {"action": "silent"}, None),
    107: Fate("gone.example.com", {"action": "bounce", **_TWICE}, Receipt.BOUNCED_HARD, suppresses=True),
    127: Fate("full.example.com", {"action": "soft_bounce", "seconds": _LATE_S, **_TWICE}, Receipt.BOUNCED_SOFT),
    147: Fate("blocks.example.com", {"action": "blocked", **_TWICE}, Receipt.BLOCKED),
    167: Fate("known.example.com", {"action": "dropped", **_TWICE}, Receipt.BOUNCED_HARD, suppresses=True),
}
"""Of two hundred recipients, those with these numbers. Fewer bounce than would stop the campaign."""
_OF_HOW_MANY: Final = 200
_THE_ONE_WHO_COMPLAINS: Final = 23


def reported(count: int) -> dict[str, Fate]:
    """So many recipients by their addresses, whose provider reports."""
    return {f"c{number}@{fate.domain}": fate for number in range(1, count + 1) for fate in [_fate(number)]}


def unreported(count: int) -> dict[str, Fate]:
    """So many recipients by their addresses, whose provider does not."""
    return {f"c{number}@{UNREPORTED.domain}": UNREPORTED for number in range(1, count + 1)}


def _fate(number: int) -> Fate:
    return COMPLAINS if number == _THE_ONE_WHO_COMPLAINS else RARE.get(number % _OF_HOW_MANY, DELIVERED)
