"""The manufacturers of one capability, laid out so that rules are applied to all of them at once.

A rule is a mask: an integer whose bit n says whether the n-th member meets it. What each rule lets through is worked out once
for a pool, or once for a threshold, so that a line of an order costs a handful of `&`, however many members there are.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from services.payments.matching.capacity import Book, Calendar
from services.payments.matching.pool_models import Member, Reserved

_DENSE: Final = 10
"""From one bit in so many on, writing a mask out as digits is faster than taking its bits off one by one."""


def mask_of(positions: Iterable[int]) -> int:
    """The mask with these bits."""
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask


def positions_of(mask: int) -> list[int]:
    """The bits of a mask, the lowest one first."""
    if mask.bit_count() * _DENSE > mask.bit_length():
        return [position for position, bit in enumerate(bin(mask)[:1:-1]) if bit == "1"]
    positions = []
    while mask:
        lowest = mask & -mask
        positions.append(lowest.bit_length() - 1)
        mask ^= lowest
    return positions


class Thresholds:
    """Which members ask for at most so much."""

    def __init__(self, asked: Sequence[int]) -> None:
        by_value: dict[int, int] = defaultdict(int)
        for position, value in enumerate(asked):
            by_value[value] |= 1 << position
        self._values = sorted(by_value)
        self._masks = [0]
        for value in self._values:
            self._masks.append(self._masks[-1] | by_value[value])

    def at_most(self, offered: int) -> int:
        """The mask of those whom so much is enough."""
        return self._masks[bisect_right(self._values, offered)]


class Pool:
    """Who can make a capability, in the order of their ids, and what is left of their capacity."""

    def __init__(
        self, capability: str, members: Sequence[Member], calendar: Calendar, reserved: Mapping[UUID, Reserved] | None = None
    ) -> None:
        self.capability = capability
        self.members: Final = sorted(members, key=lambda one: one.manufacturer_id)
        self.position_of = {one.manufacturer_id: position for position, one in enumerate(self.members)}
        self.everybody = (1 << len(self.members)) - 1
        self.active = self._those(one.active for one in self.members)
        self.unblocked = self._those(not one.blocked for one in self.members)
        self._everywhere = self._those(one.serves is None for one in self.members)
        self._in_state = self._index((position, code) for position, one in self._numbered() for code in one.serves or ())
        self._in_currency = self._index((position, one.currency) for position, one in self._numbered())
        self.minimum_quantity = Thresholds([one.minimum_quantity for one in self.members])
        self.lead_time_days = Thresholds([one.lead_time_days for one in self.members])
        booked = reserved or {}
        self.books = [
            Book.of(calendar, one.capacity_period, one.capacity_units, booked.get(one.manufacturer_id, {}))
            for one in self.members
        ]

    def serving(self, state_code: str | None) -> int:
        """The mask of those who deliver to a state; where it is not known, of those who deliver everywhere."""
        return self._everywhere | self._in_state.get(state_code or "", 0)

    def in_currency(self, currency: str) -> int:
        """The mask of those who are paid in it."""
        return self._in_currency.get(currency, 0)

    def those(self, manufacturers: Iterable[UUID]) -> int:
        """The mask of those of these manufacturers that are members."""
        return mask_of(self.position_of[one] for one in manufacturers if one in self.position_of)

    def cheapest(self, currency: str) -> int:
        """The lowest unit price in a currency of anybody who may be asked at all; 0 where there is nobody."""
        able = self.active & self.unblocked & self.in_currency(currency)
        return min((self.members[position].unit_price_minor for position in positions_of(able)), default=0)

    def _numbered(self) -> Iterator[tuple[int, Member]]:
        return enumerate(self.members)

    @staticmethod
    def _those(flags: Iterable[bool]) -> int:
        return mask_of(position for position, is_one in enumerate(flags) if is_one)

    @staticmethod
    def _index(pairs: Iterable[tuple[int, str]]) -> Mapping[str, int]:
        masks: dict[str, int] = defaultdict(int)
        for position, key in pairs:
            masks[key] |= 1 << position
        return masks
