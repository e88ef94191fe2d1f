"""Amounts as readers write them."""

from typing import Any

import pytest

from services.notifications.templates.currencies import money
from services.notifications.templates.errors import TemplateUnusable
from services.notifications.templates.rendering import Renderer, TemplateSource

SAID = [
    (12345600, "INR", "en-IN", "₹1,23,456.00"),
    (12345600, "INR", "hi", "₹1,23,456.00"),
    (12345600, "INR", "en", "₹1,23,456.00"),
    (12345600, "INR", "en-US", "₹123,456.00"),
    (12345600, "INR", "de", "123.456,00\u00a0₹"),
    (99, "INR", "en", "₹0.99"),
    (-5, "USD", "en", "-$0.05"),
    (123456, "USD", "en-IN", "$1,234.56"),
    (123456789, "JPY", "en", "¥123,456,789"),
    (1250, "KWD", "en", "KWD\u00a01.250"),
    (1, "KWD", "de", "0,001\u00a0KWD"),
    (12345, "CLF", "en", "CLF\u00a01.2345"),
    (100, "XXX", "en", "XXX\u00a01.00"),
]


@pytest.mark.parametrize(("amount_minor", "currency", "tag", "said"), SAID)
def test_amounts_are_written_as_their_readers_do(amount_minor: int, currency: str, tag: str, said: str) -> None:
    assert money(amount_minor, currency, tag) == said


def test_sms_writes_rupees_and_gaps_in_its_alphabet() -> None:
    assert money(49900, "INR", "en", gsm=True) == "Rs 499.00"
    assert money(1250, "KWD", "en", gsm=True) == "KWD 1.250"


@pytest.mark.parametrize(
    "value",
    [12, "12.50", None, {"amount_minor": 1.5, "currency": "INR"}, {"amount_minor": 1}, {"amount_minor": 1, "currency": "₹"}],
)
def test_filter_takes_money_alone(value: Any) -> None:
    source = TemplateSource("t", 1, "en", "S", "{{ a|money }}", None)

    with pytest.raises(TemplateUnusable, match="the text, line 1: money takes"):
        Renderer().render(source, {"a": value}, locale="en", time_zone="UTC")
