"""What earlier changes have left unused, taken off what is billed: worth the same with its tax, whatever the rates are.

Amounts are before tax, in minor units. A rate is what the tax of a line is reckoned by, in basis points; 0 where none is charged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.payments.money.allocation import allocate
from services.payments.money.rounding import BASIS_POINTS, divide
from services.payments.subscriptions.models import Adjustment, BilledLine

Rate = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class TakenOff:
    """discounts: by line. taken: of each adjustment, above nothing."""

    discounts: tuple[int, ...]
    taken: dict[UUID, int]


def take_off(lines: Sequence[BilledLine], unused: Sequence[Adjustment], rate: Rate) -> TakenOff:
    """As much of what is unused as there is room for: off lines of its own rate first, the oldest first, then off the others."""
    rooms = [line.gross_minor - line.discount_minor for line in lines]
    rates = [rate(line.tax_rate_bp) for line in lines]
    left = {one.id: -one.open_minor for one in unused}
    for same in sorted({rate(one.tax_rate_bp) for one in unused}):
        credits_ = [one.id for one in unused if rate(one.tax_rate_bp) == same]
        there = [room if line == same else 0 for room, line in zip(rooms, rates, strict=True)]
        amount = min(sum(there), sum(left[key] for key in credits_))
        _spend(left, [(key, 1) for key in credits_], amount)
        rooms = _less(rooms, allocate(amount, there) if amount else [0] * len(rooms))
    worth = [(one.id, BASIS_POINTS + rate(one.tax_rate_bp)) for one in unused if left[one.id]]
    weights = [room * (BASIS_POINTS + line) for room, line in zip(rooms, rates, strict=True)]
    value = sum(left[key] * each for key, each in worth)
    if value and value < sum(weights):
        _spend(left, worth, value)
        parts = allocate(value, weights)
        off = [divide(part, BASIS_POINTS + line) for part, line in zip(parts, rates, strict=True)]
        rooms = _less(rooms, [min(part, room) for part, room in zip(off, rooms, strict=True)])
    elif value:
        _spend(left, worth, sum(weights))
        rooms = [0] * len(rooms)
    discounts = tuple(line.gross_minor - line.discount_minor - room for line, room in zip(lines, rooms, strict=True))
    taken = {one.id: -one.open_minor - left[one.id] for one in unused}
    return TakenOff(discounts, {key: amount for key, amount in taken.items() if amount})


def _spend(left: dict[UUID, int], worth: Sequence[tuple[UUID, int]], amount: int) -> None:
    """Take an amount of these, in their order. worth: what one minor unit of each counts; what is less than one stays."""
    for key, each in worth:
        part = min(left[key], amount // each)
        left[key] -= part
        amount -= part * each


def _less(rooms: Sequence[int], parts: Sequence[int]) -> list[int]:
    return [room - part for room, part in zip(rooms, parts, strict=True)]
