"""Allocation by largest remainder."""

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.money.allocation import allocate

WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any)
TOTALS = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (1, [1, 1], [1, 0]),
        (-1, [1, 1], [-1, 0]),
        (10, [0, 3, 0], [0, 10, 0]),
        (7, [1, 2, 4], [1, 2, 4]),
        (5, [1, 9], [1, 4]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
    ],
)
def test_remainder_goes_to_the_largest_and_then_to_the_earlier(total: int, weights: list[int], parts: list[int]) -> None:
    assert allocate(total, weights) == parts


@given(TOTALS, WEIGHTS)
def test_parts_sum_to_the_total_and_none_is_off_by_a_unit(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)

    assert sum(parts) == total
    assert all(abs(part - Fraction(total * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True))
    assert allocate(-total, weights) == [-part for part in parts]


@given(TOTALS, WEIGHTS, st.randoms(use_true_random=False))
def test_order_decides_between_equal_remainders_only(total: int, weights: list[int], random: Random) -> None:
    order = list(range(len(weights)))
    random.shuffle(order)

    shuffled = allocate(total, [weights[place] for place in order])

    parts = allocate(total, weights)
    assert sorted(zip((weights[place] for place in order), shuffled, strict=True)) == sorted(zip(weights, parts, strict=True))
    # Among equal weights the earlier never gets less of a positive total.
    for weight in set(weights):
        of_weight = [abs(part) for part, its in zip(parts, weights, strict=True) if its == weight]
        assert of_weight == sorted(of_weight, reverse=True)


@pytest.mark.parametrize(("total", "weights"), [(1, [0, 0]), (1, []), (5, [2, -1])])
def test_nothing_to_allocate_by_is_an_error(total: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        allocate(total, weights)
