"""Addresses for bounces and for unsubscribing, which nobody else can make up."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifications.callbacks.verp import BounceAddresses, InboundAddresses

DELIVERY = UUID("019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77")
OURS = BounceAddresses("bounce@bounces.example.com", {"k2": b"new-secret-for-tests", "k1": b"old-secret-for-tests"})
OLDER = BounceAddresses("bounce@bounces.example.com", {"k1": b"old-secret-for-tests"})
STRANGER = BounceAddresses("bounce@bounces.example.com", {"k1": b"a-strangers-secret"})


def test_address_names_its_delivery_in_any_case_and_under_every_key() -> None:
    address = OURS.for_delivery(DELIVERY)

    assert address.startswith(f"bounce+{DELIVERY.hex}.")
    assert len(address.partition("@")[0]) <= 64
    assert OURS.delivery_of(address) == OURS.delivery_of(f"<{address.upper()}>") == DELIVERY
    assert OURS.delivery_of(OLDER.for_delivery(DELIVERY)) == DELIVERY


def test_addresses_that_are_not_ours_name_nothing() -> None:
    mac = OURS.for_delivery(DELIVERY).partition(".")[2].partition("@")[0]
    others = [
        STRANGER.for_delivery(DELIVERY),
        OURS.for_delivery(DELIVERY).replace("bounces.example.com", "bounces.example.com.evil.org"),
        f"bounce+{UUID(int=1).hex}.{mac}@bounces.example.com",
        "bounce@bounces.example.com",
        "",
    ]

    assert [OURS.delivery_of(one) for one in others] == [None] * 5


def test_address_is_found_among_other_words_and_a_forged_one_is_told_apart() -> None:
    good, forged = OURS.for_delivery(DELIVERY), STRANGER.for_delivery(DELIVERY)

    assert OURS.found_in(f"To: x@example.com,\r\n <{good}>") == (DELIVERY, False)
    assert OURS.found_in(f"To: {forged}, {good}") == (DELIVERY, False)
    assert OURS.found_in(f"To: {forged}") == (None, True)
    assert OURS.found_in("To: bounce@bounces.example.com") == (None, False)


def test_address_for_unsubscribing_is_no_address_for_bounces_and_the_other_way_round() -> None:
    local = "a" * 20
    own = InboundAddresses.at(f"{local}@bounces.example.com", {"k1": b"old-secret-for-tests"})
    bounce, wish = own.bounces.for_delivery(DELIVERY), own.unsubscribes.for_delivery(DELIVERY)
    digits = len(local) + 1 + 32 + 1

    assert (own.unsubscribes.delivery_of(wish), own.bounces.delivery_of(bounce)) == (DELIVERY, DELIVERY)
    assert (own.bounces.found_in(wish), own.unsubscribes.found_in(bounce)) == ((None, False), (None, False))
    assert own.unsubscribes.found_in(f"{wish[:digits]}{bounce[digits:]}") == (None, True)
    assert (len(bounce.partition("@")[0]), len(wish.partition("@")[0])) == (64, 64)


@given(st.integers(0, 31), st.sampled_from("0123456789abcdef"))
def test_no_digit_of_id_or_hmac_can_be_changed(place: int, digit: str) -> None:
    address = OURS.for_delivery(DELIVERY)
    at = len("bounce+") + place + (1 if place >= 32 else 0)
    changed = address[:at] + digit + address[at + 1 :]

    assert OURS.delivery_of(changed) == (DELIVERY if changed == address else None)
