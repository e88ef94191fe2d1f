"""The rows of the feed, in the order in which they have changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_PAGE_ROWS = 500
_PREFIX = "c"
_EMPTY = "-"
"""Between a place and the so-manieth page without rows there."""


@dataclass(slots=True)
class Feed:
    """rows: by the number of their change. page_rows: how many a page has at most."""

    rows: dict[int, Any] = field(default_factory=dict)
    page_rows: int = MOST_PAGE_ROWS
    changes: int = 0

    def replace(self, rows: Sequence[Any], page_rows: int) -> None:
        """These in the place of all. Numbers go on, so that a cursor of before is behind them."""
        self.rows, self.page_rows = {}, page_rows
        for row in rows:
            self._put(row)

    def change(self, rows: Sequence[Any]) -> None:
        """These came, or in the place of those of their references."""
        references = {_reference(row) for row in rows} - {None}
        self.rows = {number: row for number, row in self.rows.items() if _reference(row) not in references}
        for row in rows:
            self._put(row)

    def page(self, cursor: str | None, limit: int) -> dict[str, Any] | None:
        """What has changed since the cursor; None for one that was never given out."""
        after = _number(cursor) if cursor is not None else 0
        if after is None or after > self.changes:
            return None
        numbers = [number for number in sorted(self.rows) if number > after]
        shown = numbers[: min(limit, self.page_rows)]
        last = shown[-1] if shown else after
        has_more = len(shown) < len(numbers)
        return {"data": [self.rows[number] for number in shown], "next_cursor": f"{_PREFIX}{last}", "has_more": has_more}

    def _put(self, row: Any) -> None:
        self.changes += 1
        self.rows[self.changes] = row


def _reference(row: Any) -> str | None:
    found = row.get("reference") if isinstance(row, dict) else None
    return found if isinstance(found, str) else None


def empty_cursor(cursor: str | None) -> str:
    """Another name of the same place, as an empty page gives it."""
    place, _, turn = (cursor or f"{_PREFIX}0").partition(_EMPTY)
    return f"{place}{_EMPTY}{int(turn or 0) + 1}"


def _number(cursor: str) -> int | None:
    place, empty, turn = cursor.partition(_EMPTY)
    if empty and not (turn.isascii() and turn.isdecimal() and len(turn) < 10):
        return None
    digits = place.removeprefix(_PREFIX)
    return int(digits) if place.startswith(_PREFIX) and digits.isascii() and digits.isdecimal() and len(digits) < 10 else None
