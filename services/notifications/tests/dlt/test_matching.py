"""Which text is a registered one, and what it has in the places of the placeholders."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.dlt.matching import PLACEHOLDER, too_long, values

ORDER = "Your order {#var#} is {#var#}. - Waybill"


@pytest.mark.parametrize(
    ("registered", "text", "found"),
    [
        (ORDER, "Your order O-1 is packed. - Waybill", ("O-1", "packed")),
        (ORDER, "Your order  is . - Waybill", ("", "")),
        (ORDER, "Your order is is is. - Waybill", ("is", "is")),
        (ORDER, f"Your order {'x' * 30} is packed. - Waybill", ("x" * 30, "packed")),
        (ORDER, f"Your order {'x' * 31} is packed. - Waybill", None),
        (ORDER, "your order O-1 is packed. - Waybill", None),
        (ORDER, "Your order O-1 is packed.  - Waybill", None),
        (ORDER, "Your order O-1 is packed. - Waybill!", None),
        (ORDER, "", None),
        ("No variables.", "No variables.", ()),
        ("No variables.", "No variables", None),
        ("Two\nlines {#var#}", "Two\r\nlines x ", ("x",)),
        ("{#var#}{#var#}", "a" * 60, ("a" * 30, "a" * 30)),
        ("{#var#}{#var#}", "a" * 61, None),
        ("{#var#} ends {#var#}", "it ends ends ends", ("it", "ends ends")),
        ("a.*{#var#}", "a.*b", ("b",)),
        ("नमस्ते {#var#} जी", "नमस्ते आशा जी", ("आशा",)),
        # The literal on the left and the one on the right may not share a letter.
        ("ab{#var#}ba", "aba", None),
    ],
)
def test_text_matches_to_the_letter_with_thirty_characters_for_a_placeholder(
    registered: str, text: str, found: tuple[str, ...] | None
) -> None:
    assert values(registered, text) == found


@given(
    st.lists(st.text("ab .", max_size=6), min_size=1, max_size=7),
    st.lists(st.text("ab .", max_size=30), min_size=7, max_size=7),
)
def test_what_was_put_into_the_placeholders_always_matches(parts: list[str], filled: list[str]) -> None:
    registered = PLACEHOLDER.join(["<", *parts[1:], ">"])
    pieces = registered.split(PLACEHOLDER)
    used = filled[: len(pieces) - 1]
    text = pieces[0] + "".join(value + piece for value, piece in zip(used, pieces[1:], strict=True))

    found = values(registered, text)

    assert found is not None
    assert pieces[0] + "".join(value + piece for value, piece in zip(found, pieces[1:], strict=True)) == text
    assert all(len(value) <= 30 for value in found)


def test_twenty_placeholders_side_by_side_take_no_time_without_end() -> None:
    began = time.perf_counter()

    assert values(PLACEHOLDER * 20 + "!", "a" * 1599 + "?!") is None
    assert values(f"a{PLACEHOLDER}" * 20 + "!", "a" * 1000 + "?") is None
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Your order {'x' * 31} is packed. - Waybill", "number"),
        (f"Your order O-1 is {'y' * 40}. - Waybill", "status"),
        ("Your order O-1 is packed. - Waybill", None),
        (f"Another order {'x' * 31} is packed. - Waybill", None),
        ("Your order. - Waybill", None),
    ],
)
def test_variable_that_is_too_long_is_named(text: str, name: str | None) -> None:
    assert too_long(ORDER, ("number", "status"), text) == name
