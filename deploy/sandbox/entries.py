"""What the ledger holds, and how to say which of it is meant."""

from dataclasses import dataclass
from typing import Any

_LIKE = "LIKE ? ESCAPE '\\'"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Something that a provider took. channel: what it is ("mail"); reference: the sender's own id for it (Message-ID).

    recipients: addresses in lower case. details: what only this provider knows, as JSON. Texts must be encodable as UTF-8.
    """

    channel: str
    provider: str
    reference: str | None
    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: bytes
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A receipt on record, without its body. received_at: RFC 3339, UTC."""

    id: int
    channel: str
    provider: str
    reference: str | None
    sender: str
    recipients: tuple[str, ...]
    subject: str
    received_at: str
    size_bytes: int
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that a provider does later. due_at: seconds since the epoch."""

    id: int
    provider: str
    due_at: float
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which entries are meant; all of what is given must hold.

    to: a recipient, exact or with the wildcards `*` and `?`. subject: a part of it. search: a part of a recipient, of the
    sender or of the subject. ASCII letters match in either case. provider_id: the provider's own, where `details` has it.
    """

    channel: str
    to: str | None = None
    subject: str | None = None
    reference: str | None = None
    search: str | None = None
    before: int | None = None
    provider_id: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The condition in SQL over `received`, and the values of its placeholders."""
        conditions, values = ["channel = ?"], [self.channel]
        for condition, wanted in self._conditions():
            if wanted:
                conditions.append(condition)
                values += [wanted] * condition.count("?")
        return " AND ".join(conditions), values

    def _conditions(self) -> list[tuple[str, Any]]:
        to = self.to.lower() if self.to else None
        compare = "GLOB" if to and has_wildcard(to) else "="
        return [
            (
                f"id IN (SELECT received_id FROM recipients WHERE address {compare} ?)",
                glob(to) if compare == "GLOB" and to else to,
            ),
            (f"subject {_LIKE}", _part(self.subject)),
            (f"(recipients {_LIKE} OR sender {_LIKE} OR subject {_LIKE})", _part(self.search)),
            ("reference = ?", self.reference),
            ("id < ?", self.before),
            ("json_extract(details, '$.provider_id') = ?", self.provider_id),
        ]


def has_wildcard(pattern: str) -> bool:
    """Whether an address pattern means more than one address."""
    return "*" in pattern or "?" in pattern


def glob(pattern: str) -> str:
    """The pattern for SQLite's GLOB and for fnmatch: `[` stands for itself, since address literals contain it."""
    return pattern.replace("[", "[[]")


def _part(text: str | None) -> str | None:
    if not text:
        return None
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
