"""What an SMS should cost by the price list, and what providers say that it has cost: exact, to the digit."""

from decimal import Decimal
from typing import Any

import pytest

from services.notifications.sms.price_models import Price
from services.notifications.sms.prices import PriceList, listed_prices, told_price, total
from shared.contracts.money import Money

PRICES = PriceList(listed_prices(["91=16500INR", "1=790USD", "1868=12050USD", "81=9000JPY", "965=12345KWD"]))


@pytest.mark.parametrize(
    ("number", "segments", "amount", "currency"),
    [
        ("+919812345678", 1, "0.16500", "INR"),
        ("+919812345678", 3, "0.49500", "INR"),
        ("+12025550147", 1, "0.00790", "USD"),
        ("+18682911234", 2, "0.24100", "USD"),
        ("+819012345678", 1, "9.000", "JPY"),
        ("+96550000001", 7, "0.086415", "KWD"),
    ],
)
def test_estimate_is_the_price_of_the_longest_code_that_fits(number: str, segments: int, amount: str, currency: str) -> None:
    assert PRICES.estimate(number, segments) == Price(Decimal(amount), currency)


@pytest.mark.parametrize("number", ["+971501234567", "+447400123456", "+7", "+"])
def test_number_without_a_price_has_no_estimate(number: str) -> None:
    assert PRICES.estimate(number, 1) is None


def test_costs_are_summed_exactly_and_rounded_up_once() -> None:
    usd, inr = Money(amount_minor=790, currency="USD"), Money(amount_minor=16500, currency="INR")

    assert total([(1, usd), (1, inr), (1, usd)]) == [
        Money(amount_minor=17, currency="INR"),
        Money(amount_minor=2, currency="USD"),
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        # Twilio's published example (twilio.com/docs/messaging/api/message-resource), and MSG91's (msg91.com/help).
        ("-0.00750", "USD", "0.00750"),
        ("0.01", "INR", "0.01"),
        ("-0.00750", "usd", "0.00750"),
        ("0.00000", "USD", "0.00000"),
        (0.145, "INR", "0.145"),
        (0.00001, "INR", "0.00001"),
        (2, "INR", "2"),
    ],
)
def test_told_price_is_kept_to_the_digit_and_what_is_charged_is_no_negative_cost(amount: Any, currency: str, told: str) -> None:
    found = told_price(amount, currency)

    assert found is not None
    assert (str(found.amount), found.currency) == (told, currency.upper())


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (None, "USD"),
        ("", "USD"),
        ("-0.00750", None),
        ("-0.00750", "dollars"),
        ("1e3", "USD"),
        ("NaN", "USD"),
        pytest.param(float("nan"), "USD", id="a float that is none"),
        (float("inf"), "USD"),
        (True, "USD"),
        ("0.0.1", "USD"),
        ("1,50", "USD"),
        (["0.01"], "USD"),
        ("9" * 12, "USD"),
    ],
)
def test_what_is_no_amount_of_money_is_no_price(amount: Any, currency: Any) -> None:
    assert told_price(amount, currency) is None
