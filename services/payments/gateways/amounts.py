"""Which amounts a gateway takes, so that the others are refused before any call.

AmountRefused (422)    the gateway takes no such amount in this currency

Sources: razorpay.com/docs/api/orders/create (at least INR 1.00, the last digit of three-decimal currencies) and
docs.stripe.com/currencies (least and largest charges, special cases).
"""

from collections.abc import Mapping
from typing import Final

from shared.runtime.errors import Invalid

_RAZORPAY_LEAST: Final[Mapping[str, int]] = {"INR": 100}
_RAZORPAY_MOST: Final = 10**12
"""A bound of ours, ten billion rupees: what an account may take at once is far below, and Razorpay says so itself."""
_OFFLINE_MOST: Final = 10**15
_THREE_DECIMALS: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

_STRIPE_LEAST: Final[Mapping[str, int]] = {
    **dict.fromkeys(("AUD", "BRL", "CAD", "CHF", "EUR", "INR", "JPY", "NZD", "SGD", "USD"), 50),
    **dict.fromkeys(("AED", "MYR", "PLN", "RON"), 200),
    **dict.fromkeys(("NOK", "SEK"), 300),
    **dict.fromkeys(("MXN", "THB"), 1000),
    "BGN": 100,
    "CZK": 1500,
    "DKK": 250,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
}
_STRIPE_MOST: Final = 99_999_999
_STRIPE_MOST_OF: Final[Mapping[str, int]] = {"IDR": 999_999_999_999}
_STRIPE_ELSE: Final = frozenset({"ISK", "MGA", "MRU", "UGX"})
"""Stripe counts them in other units than ISO 4217 does: a conversion that nobody has asked for yet."""


class AmountRefused(Invalid):
    code, title = "gateway_amount_refused", "The gateway takes no such amount"


def check_amount(gateway: str, amount_minor: int, currency: str) -> None:
    """Raises AmountRefused. For refunds as well, which have the same least amount at Razorpay."""
    fault = amount_fault(gateway, amount_minor, currency)
    if fault is not None:
        raise AmountRefused(fault)


def amount_fault(gateway: str, amount_minor: int, currency: str) -> str | None:
    """What is wrong with an amount, as a sentence; None where nothing is."""
    least, most = _bounds(gateway, currency)
    if gateway == "stripe" and currency in _STRIPE_ELSE:
        return f"amounts in {currency} are not supported with Stripe; choose another currency or gateway"
    if amount_minor < least:
        return f"{gateway} takes at least {least} in minor units of {currency}, and amount_minor is {amount_minor}"
    if amount_minor > most:
        return f"{gateway} takes at most {most} in minor units of {currency}, and amount_minor is {amount_minor}"
    if gateway != "offline" and currency in _THREE_DECIMALS and amount_minor % 10:
        return f"{gateway} takes amounts in {currency} whose last digit is 0, and amount_minor is {amount_minor}"
    return None


def _bounds(gateway: str, currency: str) -> tuple[int, int]:
    if gateway == "offline":
        return 1, _OFFLINE_MOST
    if gateway == "razorpay":
        return _RAZORPAY_LEAST.get(currency, 1), _RAZORPAY_MOST
    return _STRIPE_LEAST.get(currency, 1), _STRIPE_MOST_OF.get(currency, _STRIPE_MOST)
