"""Histograms of durations that can be added up: buckets on a logarithmic scale, as DDSketch has them (Masson et al., VLDB 2019).

Bucket n holds what is longer than GAMMA ** (n - 1) seconds and no longer than GAMMA ** n. A percentile is right to 2.5 %,
whatever minutes, hours and tasks were added up for it.
"""

import math
from collections.abc import Mapping
from typing import Final

GAMMA: Final = 1.05
LEAST_S: Final = 1e-4
MOST_S: Final = 30 * 86_400.0
_LOG: Final = math.log(GAMMA)
_MIDDLE: Final = 2 / (1 + GAMMA)


def bucket_of(seconds: float) -> int:
    """The bucket of a duration; what is shorter than a tenth of a millisecond, or longer than a month, counts as that."""
    return math.ceil(math.log(min(max(seconds, LEAST_S), MOST_S)) / _LOG)


def seconds_of(bucket: int) -> float:
    """The duration that stands for a bucket: no member is further from it than 2.5 %."""
    return float(GAMMA**bucket * _MIDDLE)


def least_of(bucket: int) -> float:
    """No member of the bucket is shorter, in seconds."""
    return float(GAMMA ** (bucket - 1))


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The duration within which `share` (0 to 1) of all have ended, in seconds; None of nothing."""
    bucket = percentile_bucket(counts, share)
    return None if bucket is None else seconds_of(bucket)


def percentile_bucket(counts: Mapping[int, int], share: float) -> int | None:
    """The bucket in which that duration lies."""
    total = sum(counts.values())
    if not total:
        return None
    rank, passed = max(1, math.ceil(share * total)), 0
    for bucket in sorted(counts):
        passed += counts[bucket]
        if passed >= rank:
            return bucket
    raise AssertionError("unreachable: the counts add up to their total")
