"""An amount in parts that add up to it: largest remainder (Hamilton's method)."""

from collections.abc import Sequence


def allocate(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Parts in proportion to the weights, in their order; they sum to the total exactly, and none is off by a whole unit.

    What is left after rounding down goes, one unit each, to the largest remainders, and among equal ones to the earlier. A
    negative total is the negative of its opposite's parts. Raises ValueError for a negative weight, and where all are zero
    unless there is nothing to allocate.
    """
    whole = sum(weights)
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    if whole == 0:
        if total_minor:
            raise ValueError("there is an amount to allocate and no weight to allocate it by")
        return [0] * len(weights)
    if total_minor < 0:
        return [-part for part in allocate(-total_minor, weights)]
    parts = [total_minor * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(total_minor * weights[place] % whole))
    for place in by_remainder[: total_minor - sum(parts)]:
        parts[place] += 1
    return parts
