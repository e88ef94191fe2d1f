"""Rates of several rounds, and how they are shown."""

from collections.abc import Collection
from statistics import median
from typing import Final

QUIET: Final = 15.0
"""A round during which others have used no more of one core, in percent, can be trusted."""
ENOUGH: Final = 3


class Rates:
    """Rates per second by name, of all rounds and of the quiet ones."""

    def __init__(self) -> None:
        self._found: dict[str, list[tuple[float, bool]]] = {}

    def add(self, name: str, count: int, seconds: float, others: float) -> None:
        """One round. others: what else the machine did meanwhile, in percent of one core."""
        self._found.setdefault(name, []).append((count / seconds, others <= QUIET))

    def show(self, ours: Collection[str]) -> None:
        """Print the medians, and which share of each peer's ours is."""
        quiet = {name: [rate for rate, is_quiet in rounds if is_quiet] for name, rounds in self._found.items()}
        if all(len(rates) >= ENOUGH for rates in quiet.values()):
            print(f"\nmedians of the rounds during which others used at most {QUIET:.0f} % of one core:")
            _show(quiet, ours)
        else:
            print("\nmedians of all rounds:" + ("" if all(quiet.values()) else " (the machine was busy with something else)"))
            _show({name: [rate for rate, _ in rounds] for name, rounds in self._found.items()}, ours)


def _show(rates: dict[str, list[float]], ours: Collection[str]) -> None:
    medians = {name: median(found) for name, found in rates.items()}
    for name, found in rates.items():
        print(f"  {name}: {medians[name]:,.0f}/s ({min(found):,.0f} to {max(found):,.0f}, {len(found)} rounds)")
    for name in ours:
        for peer in (peer for peer in medians if peer not in ours):
            print(f"  {name} is {medians[name] / medians[peer]:.0%} of {peer}")
