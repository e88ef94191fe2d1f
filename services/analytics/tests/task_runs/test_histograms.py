"""Durations in buckets: as right as is promised, and the same however they were added up."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.task_runs.histograms import LEAST_S, MOST_S, bucket_of, least_of, percentile, seconds_of

_SECONDS = st.floats(LEAST_S, MOST_S)


@given(_SECONDS)
def test_a_bucket_stands_for_its_members_to_two_and_a_half_percent(seconds: float) -> None:
    bucket = bucket_of(seconds)

    assert seconds_of(bucket) == pytest.approx(seconds, rel=0.0251)
    assert least_of(bucket) <= seconds * (1 + 1e-9)


@given(st.lists(_SECONDS, min_size=1, max_size=50), st.lists(_SECONDS, max_size=50), st.floats(0.01, 1))
def test_percentiles_of_what_is_added_up_are_those_of_all(some: list[float], others: list[float], share: float) -> None:
    merged = Counter(map(bucket_of, some)) + Counter(map(bucket_of, others))
    ranked = sorted([*some, *others])
    exact = ranked[max(0, -int(-share * len(ranked) // 1) - 1)]

    found = percentile(merged, share)

    assert found == pytest.approx(exact, rel=0.0251)


@pytest.mark.parametrize(("seconds", "as_if"), [(0.0, LEAST_S), (-1.0, LEAST_S), (1e9, MOST_S)])
def test_what_is_out_of_bounds_counts_as_the_bound(seconds: float, as_if: float) -> None:
    assert bucket_of(seconds) == bucket_of(as_if)


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
