"""Addresses of one delivery, which nobody else can make up (VERP): for its bounces, and for unsubscribing by mail.

`bounce+<delivery id, 32 hexadecimal digits>.<10 digits of an HMAC>@bounces.example.com` takes bounces, and with `-` in the place
of the point, under an HMAC of its own, what mail programs send to unsubscribe. The HMAC keeps strangers from putting addresses on
the suppression list with made-up bounces, and from unsubscribing others; the id survives mails that quote nothing. With 20
characters of BOUNCE_ADDRESS before its @, both fill the 64 that RFC 5321 §4.5.3.1.1 allows.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Self
from uuid import UUID

_MAC_CHARS: Final = 10


class DeliveryAddresses:
    """Makes and recognises such addresses.

    address: BOUNCE_ADDRESS, `bounce@bounces.example.com`. keys: by their ids; the first one signs, each is good.
    """

    label: ClassVar[bytes]
    separator: ClassVar[str]

    def __init__(self, address: str, keys: Mapping[str, bytes]) -> None:
        self._local, _, self._domain = address.rpartition("@")
        self._keys = tuple(keys.values())
        digits = rf"([0-9a-f]{{32}}){re.escape(self.separator)}([0-9a-f]{{{_MAC_CHARS}}})"
        form = rf"{re.escape(self._local)}\+{digits}@{re.escape(self._domain)}"
        # Some servers change the case of what is in front of the @.
        self._form = re.compile(rf"(?<![\w.+-]){form}(?![\w.-]*\w)", re.IGNORECASE)

    def for_delivery(self, delivery_id: UUID) -> str:
        """The delivery's own address."""
        return f"{self._local}+{delivery_id.hex}{self.separator}{self._mac(self._keys[0], delivery_id)}@{self._domain}"

    def delivery_of(self, address: str) -> UUID | None:
        """The delivery whose address this is; None for any other, and for one that we have not made."""
        match = self._form.fullmatch(address.strip().strip("<>"))
        return self._authentic(match) if match else None

    def found_in(self, text: str) -> tuple[UUID | None, bool]:
        """The first delivery whose address stands in a text, and whether there is one that looks so and was made up."""
        matches = list(self._form.finditer(text))
        authentic = next((found for found in map(self._authentic, matches) if found is not None), None)
        return authentic, bool(matches) and authentic is None

    def _authentic(self, match: re.Match[str]) -> UUID | None:
        delivery_id, mac = UUID(hex=match[1]), match[2].lower()
        # Each is compared, so that the time does not tell which key it was.
        results = [hmac.compare_digest(mac, expected) for expected in self._macs(delivery_id)]
        return delivery_id if any(results) else None

    def _macs(self, delivery_id: UUID) -> Iterator[str]:
        return (self._mac(key, delivery_id) for key in self._keys)

    def _mac(self, key: bytes, delivery_id: UUID) -> str:
        return hmac.new(key, self.label + delivery_id.bytes, hashlib.sha256).hexdigest()[:_MAC_CHARS]


class BounceAddresses(DeliveryAddresses):
    """Envelope senders of deliveries' mails."""

    label = b"waybill bounce address\x00"
    separator = "."


class UnsubscribeAddresses(DeliveryAddresses):
    """Where mail programs write to decline what a delivery was about."""

    label = b"waybill unsubscribe address\x00"
    separator = "-"


@dataclass(frozen=True, slots=True)
class InboundAddresses:
    """All addresses of ours at which mails come in."""

    bounces: BounceAddresses
    unsubscribes: UnsubscribeAddresses

    @classmethod
    def at(cls, address: str, keys: Mapping[str, bytes]) -> Self:
        """address, keys: as of DeliveryAddresses."""
        return cls(BounceAddresses(address, keys), UnsubscribeAddresses(address, keys))
