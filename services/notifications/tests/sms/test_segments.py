"""How many segments a text takes: GSM 03.38 and UCS-2, alone and concatenated."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.sandbox.sms.receipt import count as counted_by_stand_in
from services.notifications.sms.prices import estimate
from services.notifications.sms.segments import BASIC, EXTENSION, count
from shared.contracts.money import Money

# text, encoding, units, segments, per segment, remaining
ROWS = [
    ("", "gsm7", 0, 1, 160, 160),
    ("a" * 160, "gsm7", 160, 1, 160, 0),
    ("a" * 161, "gsm7", 161, 2, 153, 145),
    ("a" * 306, "gsm7", 306, 2, 153, 0),
    ("a" * 307, "gsm7", 307, 3, 153, 152),
    ("€" * 80, "gsm7", 160, 1, 160, 0),
    ("a" * 159 + "€", "gsm7", 161, 2, 153, 145),
    # The escape and what it stands before are not split: the first segment keeps one septet free.
    ("a" * 152 + "€" + "b" * 20, "gsm7", 174, 2, 153, 131),
    ("a" * 152 + "€" + "b" * 152, "gsm7", 306, 3, 153, 152),
    ("Straße\nÅse @ ÉCOLE [1]", "gsm7", 24, 1, 160, 136),
    ("ё", "ucs2", 1, 1, 70, 69),
    ("ё" * 70, "ucs2", 70, 1, 70, 0),
    ("ё" * 71, "ucs2", 71, 2, 67, 63),
    ("नमस्ते", "ucs2", 6, 1, 70, 64),
    ("😀" * 35, "ucs2", 70, 1, 70, 0),
    # 33 pairs fill 66 of 67 units; the next pair begins the next segment.
    ("😀" * 36, "ucs2", 72, 2, 67, 61),
    ("a" * 66 + "😀" + "b" * 10, "ucs2", 78, 2, 67, 55),
    ("ç", "ucs2", 1, 1, 70, 69),
    ("Ç", "gsm7", 1, 1, 160, 159),
]


@pytest.mark.parametrize(("text", "encoding", "units", "segments", "per_segment", "remaining"), ROWS)
def test_text_takes_its_segments(text: str, encoding: str, units: int, segments: int, per_segment: int, remaining: int) -> None:
    found = count(text)

    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)
    assert (found.per_segment, found.remaining) == (per_segment, remaining)


def test_alphabet_is_that_of_the_standard() -> None:
    assert (len(BASIC), len(EXTENSION), len(BASIC | EXTENSION)) == (127, 10, 137)


def test_one_foreign_letter_or_emoji_makes_a_long_text_three_segments() -> None:
    plain = "a" * 160

    assert count(plain).segments == 1
    assert [count(plain + one).segments for one in ("ё", "😀")] == [3, 3]


def test_what_forces_ucs2_is_listed_once_in_the_order_of_the_text() -> None:
    assert count("a“b”c“d…").foreign == ("“", "”", "…")
    assert count("plain").foreign == ()


@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_count_agrees_with_one_that_was_written_apart(text: str) -> None:
    found = count(text)

    assert (found.encoding, found.segments) == counted_by_stand_in(text)
    assert 0 <= found.remaining <= found.per_segment


@given(st.lists(st.sampled_from("aé€[ё😀"), max_size=330))
def test_longer_text_never_takes_fewer_segments(letters: list[str]) -> None:
    grown = [count("".join(letters[:length])).segments for length in range(0, len(letters), 20)]

    assert all(before <= after for before, after in pairwise(grown))


@pytest.mark.parametrize(
    ("segments", "price", "cost"), [(1, 18_000, 18), (3, 18_001, 55), (1, 1, 1), (0, 18_000, 0), (1000, 7, 7)]
)
def test_cost_is_rounded_up_to_a_whole_minor_unit(segments: int, price: int, cost: int) -> None:
    estimated = estimate(segments, Money(amount_minor=price, currency="INR"))

    assert estimated == Money(amount_minor=cost, currency="INR")
