"""How many messages of the network a text becomes: GSM 03.38 (3GPP TS 23.038 §6.2.1) or UCS-2, alone or concatenated."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["gsm7", "ucs2"]

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Written as an escape and a second septet, which stay together."""

_SIZES: Final[dict[Encoding, tuple[int, int]]] = {"gsm7": (160, 153), "ucs2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text is sent.

    units: septets of GSM 03.38 (two for a character of its extension), or code units of UTF-16. segments: what is paid for.
    per_segment: units that fit into each of so many segments: 160 or 153, 70 or 67. remaining: units that may be added before
    there is one segment more. foreign: the characters that force UCS-2, each once, in the order of the text.
    """

    encoding: Encoding
    units: int
    segments: int
    per_segment: int
    remaining: int
    foreign: tuple[str, ...] = ()


def count(text: str) -> Segments:
    """What a text becomes. An empty one is one segment, as a network counts it."""
    foreign = tuple(dict.fromkeys(one for one in text if one not in BASIC and one not in EXTENSION))
    encoding: Encoding = "ucs2" if foreign else "gsm7"
    widths = [_width(one, encoding) for one in text]
    single, concatenated = _SIZES[encoding]
    units = sum(widths)
    if units <= single:
        return Segments(encoding, units, 1, single, single - units, foreign)
    segments, filled = _fill(widths, concatenated)
    return Segments(encoding, units, segments, concatenated, concatenated - filled, foreign)


def _width(character: str, encoding: Encoding) -> int:
    is_wide = ord(character) > 0xFFFF if encoding == "ucs2" else character in EXTENSION
    return 2 if is_wide else 1


def _fill(widths: Iterable[int], size: int) -> tuple[int, int]:
    """How many segments, and how full the last one is; a character of two units is never split between two."""
    segments, filled = 1, 0
    for width in widths:
        if filled + width > size:
            segments, filled = segments + 1, 0
        filled += width
    return segments, filled
