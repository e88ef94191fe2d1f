"""Amounts that a gateway does not take are refused before any call."""

import pytest

from services.payments.gateways.amounts import AmountRefused, amount_fault, check_amount


@pytest.mark.parametrize(
    ("gateway", "amount_minor", "currency"),
    [
        ("razorpay", 100, "INR"),
        ("razorpay", 1, "JPY"),
        ("razorpay", 99_990, "KWD"),
        ("razorpay", 10**12, "INR"),
        ("stripe", 50, "USD"),
        ("stripe", 99_999_999, "USD"),
        ("stripe", 999_999_999_999, "IDR"),
        ("stripe", 5010, "BHD"),
        ("stripe", 1, "CLP"),
    ],
)
def test_amount_within_the_bounds_is_taken(gateway: str, amount_minor: int, currency: str) -> None:
    check_amount(gateway, amount_minor, currency)


@pytest.mark.parametrize(
    ("gateway", "amount_minor", "currency", "said"),
    [
        ("razorpay", 99, "INR", "razorpay takes at least 100 in minor units of INR, and amount_minor is 99"),
        ("razorpay", 0, "USD", "razorpay takes at least 1 in minor units of USD, and amount_minor is 0"),
        ("razorpay", -5, "INR", "razorpay takes at least 100 in minor units of INR, and amount_minor is -5"),
        ("razorpay", 10**12 + 1, "INR", "razorpay takes at most 1000000000000 in minor units of INR"),
        ("razorpay", 99_991, "KWD", "razorpay takes amounts in KWD whose last digit is 0, and amount_minor is 99991"),
        ("razorpay", 11, "BHD", "whose last digit is 0"),
        ("razorpay", 11, "OMR", "whose last digit is 0"),
        ("stripe", 49, "USD", "stripe takes at least 50 in minor units of USD"),
        ("stripe", 49, "INR", "stripe takes at least 50 in minor units of INR"),
        ("stripe", 100_000_000, "INR", "stripe takes at most 99999999 in minor units of INR"),
        ("stripe", 1001, "JOD", "whose last digit is 0"),
        ("stripe", 1000, "ISK", "amounts in ISK are not supported with Stripe"),
    ],
)
def test_amount_that_cannot_be_taken_is_refused_with_its_reason(
    gateway: str, amount_minor: int, currency: str, said: str
) -> None:
    with pytest.raises(AmountRefused) as refused:
        check_amount(gateway, amount_minor, currency)

    assert (refused.value.status, refused.value.code) == (422, "gateway_amount_refused")
    assert said in refused.value.detail
    assert amount_fault(gateway, amount_minor, currency) == refused.value.detail
