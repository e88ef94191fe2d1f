"""The lists that mail providers keep of addresses that bounced, complained, unsubscribed or can be none."""

from dataclasses import dataclass
from datetime import datetime

from deploy.sandbox.entries import Criteria, Receipt
from deploy.sandbox.ledger import Ledger

MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An address on a list. fate: `bounce`, `complaint`, `unsubscribe` or `invalid`. at: seconds since the epoch."""

    address: str
    fate: str
    reason: str
    at: int

    def receipt(self, provider: str) -> Receipt:
        """For the ledger."""
        details = {"fate": self.fate, "reason": self.reason, "at": self.at}
        return Receipt(_channel(provider), provider, None, "", (self.address,), "", b"", details)


def suppressed(ledger: Ledger, provider: str, since: float, until: float) -> list[Suppressed]:
    """Those that came onto the list in that time, the oldest first."""
    entries = reversed(ledger.find(Criteria(_channel(provider)), MOST))
    found = [
        Suppressed(entry.recipients[0], entry.details["fate"], entry.details["reason"], entry.details["at"]) for entry in entries
    ]
    return [one for one in found if since <= one.at <= until]


def epoch(timestamp: str | None) -> float | None:
    """Seconds since the epoch of a time in RFC 3339."""
    return datetime.fromisoformat(timestamp).timestamp() if timestamp else None


def _channel(provider: str) -> str:
    return f"{provider}.suppressed"
