"""Where bounces of one delivery go: an address of its own, which nobody else can make up.

`bounce+<delivery id, 32 hexadecimal digits>.<10 digits of an HMAC>@bounces.example.com` (VERP). The HMAC keeps strangers from
putting addresses on the suppression list with made-up bounces; the id survives bounces that quote nothing of the mail.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

_LABEL: Final = b"waybill bounce address\x00"
_MAC_CHARS: Final = 10


class BounceAddresses:
    """Makes and recognises such addresses.

    address: BOUNCE_ADDRESS, `bounce@bounces.example.com`. keys: by their ids; the first one signs, each is good.
    """

    def __init__(self, address: str, keys: Mapping[str, bytes]) -> None:
        self._local, _, self._domain = address.rpartition("@")
        self._keys = tuple(keys.values())
        form = rf"{re.escape(self._local)}\+([0-9a-f]{{32}})\.([0-9a-f]{{{_MAC_CHARS}}})@{re.escape(self._domain)}"
        # Some servers change the case of what is in front of the @.
        self._form = re.compile(rf"(?<![\w.+-]){form}(?![\w.-]*\w)", re.IGNORECASE)

    def for_delivery(self, delivery_id: UUID) -> str:
        """The envelope sender of a delivery's mails."""
        return f"{self._local}+{delivery_id.hex}.{_mac(self._keys[0], delivery_id)}@{self._domain}"

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
        return (_mac(key, delivery_id) for key in self._keys)


def _mac(key: bytes, delivery_id: UUID) -> str:
    return hmac.new(key, _LABEL + delivery_id.bytes, hashlib.sha256).hexdigest()[:_MAC_CHARS]
