"""The split search, beside one that tries everything."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from services.payments.matching.splits import Found, Plan, SplitLine, SplitSearch

KEEP = 4


def tried_out(lines: Sequence[SplitLine], partners: frozenset[int], most: int) -> list[Plan]:
    """The best plans of the lowest count, by trying every set and every assignment."""
    everybody = sorted({one for line in lines for one in line.options} - partners)
    for count in range(max(0, most - len(partners)) + 1):
        plans = []
        for added in combinations(everybody, count):
            ways = list(assignments(lines, sorted({*added, *partners})))
            if ways:
                plans.append(min((Plan(score, added, choice) for score, choice in ways), key=lambda plan: plan.rank))
        if plans:
            return sorted(plans, key=lambda plan: plan.rank)[:KEEP]
    return []


def assignments(lines: Sequence[SplitLine], team: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(score, choice) of each way to give the lines to a team within its capacity."""
    for choice in product(team, repeat=len(lines)):
        pairs = list(zip(lines, choice, strict=True))
        if not all(one in line.options for line, one in pairs):
            continue
        asked: dict[tuple[str, int], int] = {}
        for line, one in pairs:
            asked[line.capability, one] = asked.get((line.capability, one), 0) + line.quantity
        if all(asked[line.capability, one] <= line.free[one] for line, one in pairs):
            yield sum(line.options[one] for line, one in pairs), choice


def searched(lines: Sequence[SplitLine], partners: frozenset[int] = frozenset(), most: int = 3, keep: int = KEEP) -> Found:
    return SplitSearch(lines, partners=partners, most=most, keep=keep).run()


def line(options: dict[int, int], capability: str = "milling", quantity: int = 1, free: int = 100) -> SplitLine:
    return SplitLine(capability, quantity, options, dict.fromkeys(options, free))


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[SplitLine], frozenset[int], int]:
    free = {kind: {one: draw(st.integers(1, 6)) for one in range(6)} for kind in "ab"}
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        kind, quantity = draw(st.sampled_from("ab")), draw(st.integers(1, 4))
        able = [one for one in range(6) if free[kind][one] >= quantity]
        chosen = draw(st.lists(st.sampled_from(able), unique=True, max_size=5)) if able else []
        options = {one: draw(st.integers(0, 5)) for one in chosen}
        lines.append(SplitLine(kind, quantity, options, free[kind]))
    return lines, frozenset(draw(st.sets(st.integers(0, 5), max_size=2))), draw(st.integers(1, 3))


@settings(max_examples=100, deadline=None)
@given(orders())
def test_search_finds_what_trying_everything_finds(order: tuple[list[SplitLine], frozenset[int], int]) -> None:
    lines, partners, most = order

    found = searched(lines, partners, most)

    assert (list(found.plans), found.complete) == (tried_out(lines, partners, most), True)


def test_one_manufacturer_for_all_lines_is_taken_before_two_better_ones() -> None:
    lines = [line({1: 90, 2: 10}, "milling"), line({2: 10, 3: 90}, "casting")]

    assert searched(lines).plans == [Plan(20, (2,), (2, 2))]


def test_pair_with_the_best_sum_is_taken_where_nobody_makes_all() -> None:
    lines = [line({1: 50, 2: 60}, "milling"), line({3: 70, 4: 20}, "casting")]

    plans = searched(lines).plans

    assert [(plan.score, plan.added) for plan in plans] == [(130, (2, 3)), (120, (1, 3)), (80, (2, 4)), (70, (1, 4))]


def test_triple_is_taken_where_no_pair_makes_all_and_nothing_beyond() -> None:
    apart = [line({number: 10}, kind) for number, kind in enumerate(("milling", "casting", "welding"))]

    assert searched(apart).plans == [Plan(30, (0, 1, 2), (0, 1, 2))]
    assert searched([*apart, line({7: 10}, "painting")]).plans == []
    assert searched(apart, most=2).plans == []


def test_equal_plans_are_ordered_by_the_ids_of_their_manufacturers() -> None:
    plans = searched([line({5: 10, 3: 10, 4: 10}), line({4: 10, 5: 10, 3: 10}, "casting")], keep=2).plans

    assert [plan.added for plan in plans] == [(3,), (4,)]


def test_lines_of_one_capability_share_the_capacity_of_who_makes_them() -> None:
    free = {1: 10, 2: 10}
    lines = [SplitLine("milling", quantity, {1: 90, 2: 10}, free) for quantity in (7, 6)]

    # Either of them can make each line, and neither can make both.
    assert searched(lines).plans == [Plan(100, (1, 2), (1, 2))]


def test_partner_adds_to_no_count_but_to_the_most() -> None:
    lines = [line({1: 90}, "milling"), line({2: 50}, "casting")]

    assert searched(lines, frozenset({2}), most=2).plans == [Plan(140, (1,), (1, 2))]
    assert searched(lines, frozenset({8, 9}), most=3).plans == []


def test_search_that_is_cut_short_says_so_and_keeps_what_it_has() -> None:
    lines = [line({2 * number + side: 10 for number in range(9)}, f"kind {side}") for side in (0, 1)]

    found = SplitSearch(lines, partners=frozenset(), most=3, keep=1, max_steps=5).run()

    assert (len(found.plans), found.complete) == (1, False)
