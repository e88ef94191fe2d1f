"""Amounts in words."""

import pytest

from services.payments.money.words import in_words
from shared.contracts.money import Money

ONE_CRORE = 10**7


@pytest.mark.parametrize(
    ("amount_minor", "currency", "words"),
    [
        (0, "INR", "Rupees Zero Only"),
        (1, "INR", "Rupees Zero and One Paisa Only"),
        (100, "INR", "Rupee One Only"),
        (12345678, "INR", "Rupees One Lakh Twenty-Three Thousand Four Hundred Fifty-Six and Seventy-Eight Paise Only"),
        (10000000, "INR", "Rupees One Lakh Only"),
        (10050000, "INR", "Rupees One Lakh Five Hundred Only"),
        (9999999900, "INR", "Rupees Nine Crore Ninety-Nine Lakh Ninety-Nine Thousand Nine Hundred Ninety-Nine Only"),
        (100 * ONE_CRORE, "INR", "Rupees One Crore Only"),
        (100 * (ONE_CRORE + 1), "INR", "Rupees One Crore One Only"),
        (10**15, "INR", "Rupees Ten Lakh Crore Only"),
        (-2050, "INR", "Minus Rupees Twenty and Fifty Paise Only"),
        (1250, "USD", "US Dollars Twelve and Fifty Cents Only"),
        (100, "USD", "US Dollar One Only"),
        (101, "GBP", "British Pound One and One Penny Only"),
        (1500, "JPY", "Japanese Yen One Thousand Five Hundred Only"),
        (1250, "KWD", "Kuwaiti Dinar One and Two Hundred Fifty Fils Only"),
        (12345, "TND", "Tunisian Dinars Twelve and 345/1000 Only"),
    ],
)
def test_amounts_are_written_in_lakhs_and_crores(amount_minor: int, currency: str, words: str) -> None:
    assert in_words(Money(amount_minor=amount_minor, currency=currency)) == words
