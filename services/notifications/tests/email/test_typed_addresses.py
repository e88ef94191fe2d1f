"""Addresses that somebody has written: what can be nobody's is refused where it comes in."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import checked_address
from services.notifications.email.typed_addresses import check_typed


@pytest.mark.parametrize(
    "address", ["ann@example.com", "o'brien+tag@mail.example.co.in", "büro@example.org", "asha@bücher.example.com"]
)
def test_address_that_can_be_somebodys_passes(address: str) -> None:
    check_typed(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ann", "not of the form name@domain"),
        ("ann@localhost", "It should have a period"),
        ("ann@printer.local", "special-use or reserved name"),
        ("ann@exa_mple.com", "invalid characters"),
        ("ann@10.0.0.7", "not valid"),
        ("ann@example.com\r\nBcc: ben@example.com", "not of the form name@domain"),
    ],
)
def test_address_that_can_be_nobodys_is_refused_without_being_quoted(address: str, said: str) -> None:
    with pytest.raises(AddressUnusable, match=said) as refused:
        check_typed(address)
    assert address not in refused.value.detail


USUAL = st.text(st.sampled_from("aZ1.+'_-!"), min_size=1, max_size=8)
DOMAINS = st.sampled_from(
    ["example.com", "localhost", "a.local", "10.0.0.7", "b.example.co.in", "xn--bcher-kva.example.com", "x.test"]
)


@given(USUAL, DOMAINS)
def test_what_is_usual_is_judged_as_the_validator_judges_the_whole(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        checked_address(address)
    except AddressUnusable:
        return
    try:
        validate_email(address, check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError:
        with pytest.raises(AddressUnusable):
            check_typed(address)
    else:
        check_typed(address)
