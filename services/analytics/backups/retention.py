"""Which backups are kept: the newest ones, then one for each day, then one for each week."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Kept:
    """How many: of the newest, of the last of a day, of the last of a week (ISO, in UTC). Those of a day or week without a backup
    go back further, so that an installation that was off for long keeps as many."""

    recent: int = 8
    daily: int = 7
    weekly: int = 5


def kept(snapshots: Mapping[UUID, datetime], rule: Kept) -> set[UUID]:
    """Those that stay. snapshots: by id, the moment that each shows. The newest always stays."""
    newest_first = sorted(snapshots, key=lambda key: (snapshots[key], key), reverse=True)
    stay = set(newest_first[: max(1, rule.recent)])

    def keep_the_last_of(part: Callable[[datetime], Hashable], count: int) -> None:
        seen: set[Hashable] = set()
        for key in newest_first:
            if len(seen) < count and (found := part(snapshots[key])) not in seen:
                seen.add(found)
                stay.add(key)

    keep_the_last_of(lambda moment: moment.date(), rule.daily)
    keep_the_last_of(lambda moment: moment.isocalendar()[:2], rule.weekly)
    return stay
