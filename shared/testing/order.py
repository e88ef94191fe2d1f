"""In which order the workers of a parallel test run take up files."""

from collections import Counter
from collections.abc import Iterable


def longest_first(tests: Iterable[tuple[str, float]]) -> list[str]:
    """The files of these tests, of which each is given with the seconds that it may take.

    First those with a test that may take longest: begun last, it alone would be under way while all other workers rest. Then
    those with the most tests.
    """
    allowed, number = dict[str, float](), Counter[str]()
    for file, seconds in tests:
        allowed[file] = max(seconds, allowed.get(file, 0.0))
        number[file] += 1
    return sorted(allowed, key=lambda file: (-allowed[file], -number[file]))
