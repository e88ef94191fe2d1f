"""JSON of a gateway, read by what its documentation promises and tolerant of all the rest.

Malformed    a member that is needed is not there, or is not of its form; never shown to anybody, but made Unknown or
Unavailable
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

MAX_MINOR: Final = 2**63 - 1


class Malformed(Exception):
    """What a gateway said has not its documented form. It names the member, and no value."""


class Document:
    """An object. Unknown members are no concern of ours."""

    def __init__(self, members: Any) -> None:
        self._members: Mapping[str, Any] = members if isinstance(members, dict) else {}

    @classmethod
    def parse(cls, raw: bytes) -> "Document":
        """Raises Malformed for what is no JSON object."""
        try:
            members = json.loads(raw)
        except (ValueError, RecursionError):
            raise Malformed("the body") from None
        if not isinstance(members, dict):
            raise Malformed("the body")
        return cls(members)

    def __bool__(self) -> bool:
        return bool(self._members)

    def text_or_none(self, name: str) -> str | None:
        """A text or a number as text; None for an empty one, and for what is neither."""
        value = self._members.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value) or None

    def text(self, name: str) -> str:
        """Raises Malformed where there is none."""
        value = self.text_or_none(name)
        if value is None:
            raise Malformed(name)
        return value

    def minor_or_none(self, name: str) -> int | None:
        """Money. Raises Malformed for what is no integer: an amount that is guessed is worse than none."""
        value = self._members.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_MINOR:
            raise Malformed(name)
        return value

    def minor(self, name: str) -> int:
        """As minor_or_none; raises Malformed where there is none, too."""
        value = self.minor_or_none(name)
        if value is None:
            raise Malformed(name)
        return value

    def currency(self, name: str = "currency") -> str:
        """In upper case. Raises Malformed."""
        value = self.text(name).upper()
        if len(value) != 3 or not (value.isascii() and value.isalpha()):
            raise Malformed(name)
        return value

    def moment_or_none(self, name: str) -> datetime | None:
        """Seconds since 1970; None for 0, which gateways write where they mean never. Raises Malformed."""
        value = self._members.get(name)
        if not value:
            return None
        try:
            return datetime.fromtimestamp(int(value), UTC)
        except (TypeError, ValueError, OverflowError, OSError):
            raise Malformed(name) from None

    def moment(self, name: str) -> datetime:
        """As moment_or_none; raises Malformed where there is none, too."""
        value = self.moment_or_none(name)
        if value is None:
            raise Malformed(name)
        return value

    def flag(self, name: str) -> bool:
        """Whether a member is true, which gateways also write as 1."""
        return self._members.get(name) in (True, 1, "1", "true")

    def child(self, name: str) -> "Document":
        """An object; an empty one where there is none, or a list, as which Razorpay writes empty objects."""
        return Document(self._members.get(name))

    def items(self, name: str) -> "Sequence[Document]":
        """The objects of a list. Raises Malformed for what is no list of objects."""
        value = self._members.get(name)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise Malformed(name)
        return [Document(one) for one in value]

    def items_or_none(self, name: str) -> "Sequence[Document]":
        """As items; none where there is no list."""
        return self.items(name) if isinstance(self._members.get(name), list) else []

    def notes(self, name: str = "notes") -> Mapping[str, str]:
        """Razorpay's notes are an object, an empty list, or in its reports a text, which is kept under `notes`."""
        value = self._members.get(name)
        if isinstance(value, dict):
            return {str(key): str(one) for key, one in value.items() if one is not None}
        return {"notes": value} if isinstance(value, str) and value else {}
