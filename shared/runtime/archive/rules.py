"""Which rows of a table go into files, and when. Each service has its own rules, in one module that it hands over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FLOOR_DAYS: Final = 30
"""Nobody archives what is younger, whatever a message says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one table that are finished and will not change.

    key: the columns of its primary key, by which rows are in order. when: SQL of the moment by which a row is old; the table is
    called `old` in it, and `:before` is the moment up to which rows go. only: SQL of what else must hold. days: how old rows are.
    kept: the columns that files have. left_out: those that they have not, each with the reason; a test demands that every column
    is in one of both. page: how many rows a file has at most; they are in memory at once.
    """

    table: str
    key: tuple[str, ...]
    when: str
    days: int
    kept: tuple[str, ...]
    only: str = "true"
    left_out: Mapping[str, str] = field(default_factory=dict)
    page: int = 10_000

    def __post_init__(self) -> None:
        if self.days < FLOOR_DAYS:
            raise ValueError(f"{self.table}: rows of {self.days} days are too young; {FLOOR_DAYS} are the least")
        if names := set(self.key) - set(self.kept):
            raise ValueError(f"{self.table}: a file without {', '.join(sorted(names))} could not tell rows apart")
        if names := set(self.kept) & set(self.left_out):
            raise ValueError(f"{self.table}: {', '.join(sorted(names))} cannot be kept and left out")
