"""GSTINs and states."""

import pytest
from pydantic import TypeAdapter, ValidationError
from stdnum import luhn

from services.payments.tax.errors import InvalidGstin, UnknownState
from services.payments.tax.gstin import Gstin, state_of, valid_gstin
from services.payments.tax.states import STATES, place_of_supply

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def gstin_in(state: str) -> str:
    body = f"{state}AAPFU0939F1Z"
    return body + luhn.calc_check_digit(body, ALPHABET)


# Of the tax authority's own examples and python-stdnum's.
@pytest.mark.parametrize("number", ["27AAPFU0939F1ZV", "27 aapfu 0939 f1zv", "27-AAPFU0939F-1ZV"])
def test_valid_number_is_written_without_spaces_in_capitals(number: str) -> None:
    assert valid_gstin(number) == "27AAPFU0939F1ZV"
    assert state_of(valid_gstin(number)) == "27"


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_numbers_ladakh_and_other_territory_among_them(state: str) -> None:
    assert valid_gstin(gstin_in(state)).startswith(state)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("27AAPFU0939F1Z", "15 characters"),
        ("27AAPFU0939F1ZVV", "15 characters"),
        ("27AAPFU0939F0ZV", "15 characters"),
        ("27AAPFU0939F1AA", "15 characters"),
        ("", "15 characters"),
        (gstin_in("39"), "state code"),
        (gstin_in("00"), "state code"),
        ("27AAPXU0939F1ZV", "PAN"),
        ("27AAPFU0939F1ZO", "mistyped"),
        ("27AAPFU0993F1ZV", "mistyped"),
        ("２７AAPFU0939F1ZV", "15 characters"),
    ],
)
def test_refusal_says_which_part_is_wrong_and_quotes_nothing(number: str, why: str) -> None:
    with pytest.raises(InvalidGstin, match=why) as refused:
        valid_gstin(number)
    assert number[2:12] not in refused.value.detail or not number or number[2:12] == "AAPFU0939F"
    with pytest.raises(ValidationError, match=why):
        TypeAdapter(Gstin).validate_python(number)


def test_places_of_supply_have_names() -> None:
    assert [place_of_supply(code) for code in ("27", "38", "97", "96")] == [
        "Maharashtra (27)",
        "Ladakh (38)",
        "Other Territory (97)",
        "Outside India (96)",
    ]
    with pytest.raises(UnknownState):
        place_of_supply("99")
