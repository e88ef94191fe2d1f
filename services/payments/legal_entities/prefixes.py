"""Prefixes that are free under a GSTIN: `INV`, then `INV2` and on.

CGST Rules, rule 46(b): the number of a document is unique for a registered person, who is known by the GSTIN, and a financial
year. So a prefix is one seller's under its GSTIN, whichever organization it is of.
"""

from collections.abc import Collection, Iterator
from typing import Final

INVOICES: Final = "INV"
CREDIT_NOTES: Final = "CN"
MAX_CHARS: Final = 5
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def free_prefix(base: str, taken: Collection[str]) -> str:
    """The first that nobody has: the base itself, or with the shortest number in digits and letters that makes it another."""
    return next(prefix for prefix in _candidates(base) if prefix not in taken)


def _candidates(base: str) -> Iterator[str]:
    yield base
    for kept in range(len(base), 0, -1):
        for number in range(2, len(_DIGITS) ** (MAX_CHARS - kept)):
            yield base[:kept] + _written(number)


def _written(number: int) -> str:
    rest, last = divmod(number, len(_DIGITS))
    return (_written(rest) if rest else "") + _DIGITS[last]
