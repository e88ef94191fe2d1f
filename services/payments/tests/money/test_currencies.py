"""The table of currencies."""

from collections import Counter

import pytest
from babel.core import get_global

from services.payments.money.currencies import EXPONENTS, exponent_of
from services.payments.money.errors import UnknownCurrency


def test_table_holds_the_165_codes_of_iso_4217_that_have_a_minor_unit() -> None:
    assert Counter(EXPONENTS.values()) == {2: 139, 0: 17, 3: 7, 4: 2}


def test_exponents_are_those_of_the_standard() -> None:
    assert {code: exponent_of(code) for code in ("INR", "USD", "JPY", "KWD", "UYW")} == {
        "INR": 2,
        "USD": 2,
        "JPY": 0,
        "KWD": 3,
        "UYW": 4,
    }


def test_no_currency_has_fewer_places_than_people_use() -> None:
    used = {code: digits for code, (digits, *_) in get_global("currency_fractions").items() if code in EXPONENTS}

    assert [code for code, digits in used.items() if digits > EXPONENTS[code]] == []


@pytest.mark.parametrize("code", ["XAU", "XXX", "inr", "", "INRR"])
def test_other_codes_are_refused(code: str) -> None:
    with pytest.raises(UnknownCurrency):
        exponent_of(code)
