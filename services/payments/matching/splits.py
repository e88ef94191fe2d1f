"""Which manufacturers make an order together: as few as can be, and among as few the ones with the best score.

Each line goes to one manufacturer. One for all lines is tried first, then pairs, then triples; those who make other lines of
the order already add to no count. A plan is better than another one if the scores of its lines sum up to more, and of equal
ones the one with the lower ids is. The search is exact: it looks at every set that can cover the lines, except for those whose
bound says that they cannot be among the best that are kept. Manufacturers are numbers, in the order of their ids.

Lines of the same capability share the capacity of whoever makes them. They alone make the choice for one line depend on
another's; they are called contested here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import and_, itemgetter
from typing import Final

from services.payments.matching.pools import mask_of

MAX_STEPS: Final = 50_000
"""So many sets are looked at for one order; an order of many lines that nearly everybody covers would hold up all others."""


Team = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SplitLine:
    """A line to be made. options: the score of each manufacturer that can. free: units that each of them has left, where other
    lines are of the same capability."""

    capability: str
    quantity: int
    options: Mapping[int, int]
    free: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who makes what. added: the manufacturers beside the partners. choice: one for each line. score: the sum of the lines'."""

    score: int
    added: Team
    choice: Team

    @property
    def rank(self) -> tuple[int, Team, Team]:
        """Sorts the best one first."""
        return (-self.score, self.added, self.choice)


@dataclass(frozen=True, slots=True)
class Found:
    """plans: the best first, all of the same count; none if there is no way. complete: whether the search saw everything."""

    plans: Sequence[Plan]
    complete: bool


class SplitSearch:
    """Searches the plans of one order. partners: who makes a part of it already. most: manufacturers, partners included.

    keep: how many plans are wanted.
    """

    def __init__(
        self, lines: Sequence[SplitLine], *, partners: frozenset[int], most: int, keep: int, max_steps: int = MAX_STEPS
    ) -> None:
        self._lines = lines
        self._partners = tuple(sorted(partners))
        self._most = max(0, most - len(partners))
        self._keep = keep
        self._steps_left = max_steps
        of_capability = Counter(line.capability for line in lines)
        self._contested = [number for number, line in enumerate(lines) if of_capability[line.capability] > 1]
        self._plans: list[Plan] = []
        self._seen: set[Team] = set()

    def run(self) -> Found:
        """The plans of the lowest count that has any."""
        if all(line.options for line in self._lines):
            for count in range(self._most + 1):
                self._seen.clear()
                self._grow((), count)
                if self._plans or self._steps_left <= 0:
                    break
        return Found(self._plans, self._steps_left > 0)

    @cached_property
    def _covers(self) -> list[int]:
        """Who can make each line, as a mask."""
        return [mask_of(line.options) for line in self._lines]

    @cached_property
    def _best(self) -> list[int]:
        """The best score of each line, whoever makes it."""
        return [max(line.options.values()) for line in self._lines]

    def _grow(self, added: Team, left: int) -> None:
        """Look at every set of `added` and `left` more."""
        team = self._partners + added
        open_lines = [number for number, line in enumerate(self._lines) if not any(one in line.options for one in team)]
        if not left:
            if not open_lines:
                self._keep_plan(added, team)
            return
        for bound, manufacturer in self._ways(team, open_lines, left):
            if self._cannot_matter(bound) or self._steps_left <= 0:
                return
            self._steps_left -= 1
            grown = tuple(sorted((*added, manufacturer)))
            if grown not in self._seen:
                self._seen.add(grown)
                self._grow(grown, left - 1)

    def _ways(self, team: Team, open_lines: Sequence[int], left: int) -> list[tuple[int, int]]:
        """(upper bound of the score, manufacturer) of whoever may come next, the most promising first."""
        if not open_lines:
            # Everything is covered, but not within the capacity, or a smaller count would have had a plan.
            able = {one for number in self._contested for one in self._lines[number].options}.difference(team)
        else:
            # One of the set must cover this line, whoever else is in it; the last one must cover every open line.
            fewest = min(open_lines, key=lambda number: len(self._lines[number].options))
            able = set(self._lines[fewest].options)
            if left == 1:
                able.intersection_update(*(self._lines[number].options for number in open_lines if number != fewest))
        held = [max((line.options.get(one, 0) for one in team), default=0) for line in self._lines]
        next_ones = sorted(able)
        ways = (
            self._totals(next_ones, held) if left == 1 else [(self._bound(one, team, held, left - 1), one) for one in next_ones]
        )
        # Stable also in reverse, so that of equal ones the lower id stays in front.
        ways.sort(key=itemgetter(0), reverse=True)
        return ways

    def _totals(self, ones: Sequence[int], held: Sequence[int]) -> list[tuple[int, int]]:
        """What the team reaches with each of these as its last one, capacity left aside."""
        totals = [0] * len(ones)
        for had, line in zip(held, self._lines, strict=True):
            score_of = line.options.get
            totals = [total + max(had, score_of(one, 0)) for total, one in zip(totals, ones, strict=True)]
        return list(zip(totals, ones, strict=True))

    def _bound(self, one: int, team: Team, held: Sequence[int], left: int) -> int:
        """What a set with the team, this one and so many more can reach at most, capacity left aside."""
        others = -1
        if left == 1:
            grown = (*team, one)
            open_ones = (number for number, line in enumerate(self._lines) if not any(maker in line.options for maker in grown))
            others = reduce(and_, (self._covers[number] for number in open_ones), -1)
        # Where none of those who may still come covers a line, its score is what it is by now.
        return sum(
            best if cover & others else max(had, line.options.get(one, 0))
            for had, line, best, cover in zip(held, self._lines, self._best, self._covers, strict=True)
        )

    def _cannot_matter(self, bound: int) -> bool:
        # An equal score may still win by its ids.
        return len(self._plans) == self._keep and bound < self._plans[-1].score

    def _keep_plan(self, added: Team, team: Team) -> None:
        choice = self._assign(sorted(team))
        if choice is None:
            return
        score = sum(line.options[one] for line, one in zip(self._lines, choice, strict=True))
        self._plans.append(Plan(score, added, tuple(choice)))
        self._plans.sort(key=lambda plan: plan.rank)
        del self._plans[self._keep :]

    def _assign(self, team: Sequence[int]) -> list[int] | None:
        """The best manufacturer of the team for each line, the lower one of equals; None where capacity does not suffice."""
        # The first of equals is the lower one, because the team is in the order of ids.
        choice = [max((one for one in team if one in line.options), key=line.options.__getitem__) for line in self._lines]
        for capability in sorted({self._lines[number].capability for number in self._contested}):
            numbers = [number for number in self._contested if self._lines[number].capability == capability]
            shared = _Shared([self._lines[number] for number in numbers], team)
            found = shared.best()
            self._steps_left -= shared.steps
            if found is None:
                return None
            for number, one in zip(numbers, found, strict=True):
                choice[number] = one
        return choice


class _Shared:
    """Lines of one capability, among manufacturers whose capacity they share."""

    def __init__(self, lines: Sequence[SplitLine], team: Sequence[int]) -> None:
        self._lines = lines
        # In the order of ids, so that the first of equal assignments is the one with the lower ids.
        self._ways = [[one for one in team if one in line.options] for line in lines]
        best = [max((line.options[one] for one in ways), default=0) for line, ways in zip(lines, self._ways, strict=True)]
        self._rest = [sum(best[number:]) for number in range(len(best) + 1)]
        self._free = {one: line.free[one] for line, ways in zip(lines, self._ways, strict=True) for one in ways}
        self._chosen: list[int] = []
        self._found: tuple[int, list[int]] | None = None
        self.steps = 0

    def best(self) -> list[int] | None:
        """The assignment with the highest sum of scores; None where there is none."""
        self._place(0, 0)
        return self._found[1] if self._found is not None else None

    def _place(self, number: int, score: int) -> None:
        if self._found is not None and score + self._rest[number] <= self._found[0]:
            return
        if number == len(self._lines):
            self._found = (score, list(self._chosen))
            return
        line = self._lines[number]
        for one in self._ways[number]:
            self.steps += 1
            if self._free[one] >= line.quantity and self.steps < MAX_STEPS:
                self._free[one] -= line.quantity
                self._chosen.append(one)
                self._place(number + 1, score + line.options[one])
                self._chosen.pop()
                self._free[one] += line.quantity
