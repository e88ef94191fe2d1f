"""Amounts of money as readers write them.

Minor units: ISO 4217. Where the symbol stands and how digits are grouped: Unicode CLDR, with one choice of our own: rupees are
grouped in lakhs for a reader of English whose region is not known, because who pays in rupees reads them so.
"""

from collections.abc import Mapping
from typing import Final

from services.notifications.locales import primary
from services.notifications.templates.formats import decimal_mark, grouped

_BY_DECIMALS: Final[Mapping[int, frozenset[str]]] = {
    0: frozenset(
        (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
            *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        )
    ),
    3: frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")),
    4: frozenset(("CLF", "UYW")),
}
_SYMBOLS: Final = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


def decimals(currency: str) -> int:
    """How many digits of an amount are of minor units."""
    return next((digits for digits, currencies in _BY_DECIMALS.items() if currency in currencies), 2)


def money(amount_minor: int, currency: str, tag: str, *, gsm: bool = False) -> str:
    """`₹1,23,456.00` for en-IN, `123.456,00 €` for de, `¥1,235`, `KWD 1.250`.

    gsm: only with characters of the SMS alphabet (3GPP 23.038): `Rs 499.00`, since the sign of the rupee would halve what fits.
    """
    digits = decimals(currency)
    whole, minor = divmod(abs(amount_minor), 10**digits)
    number = grouped(whole, "en-IN" if currency == "INR" and tag == "en" else tag)
    if digits:
        number += f"{decimal_mark(tag)}{minor:0{digits}}"
    symbol = "Rs" if gsm and currency == "INR" else _SYMBOLS.get(currency, currency)
    gap = " " if gsm else _NO_BREAK
    sign = "-" if amount_minor < 0 else ""
    if primary(tag) == "de":
        return f"{sign}{number}{gap}{symbol}"
    return f"{sign}{symbol}{gap if symbol.isalpha() else ''}{number}"
