"""The effect of `<service>.archive_old_rows`, the same in every service: page after page of what the service's rules call old.

One message works for some seconds and then sends the next one, so that the lane gets its turn. What is archived is gone from the
tables, so nothing has to be remembered between two messages, and one that comes twice finds less to do.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid5

from shared.runtime.archive.rules import FLOOR_DAYS, Rule
from shared.runtime.clock import Clock
from shared.runtime.db import Session, is_away, is_conflict
from shared.runtime.inbox.delivery import Received
from shared.runtime.outbox import publish
from shared.runtime.outcomes import Done, Outcome, Retry
from shared.runtime.process import ProcessRuntime

if TYPE_CHECKING:
    from shared.runtime.archive.rows import RowArchive

SLICE_S: Final = 5.0
AGAIN_S: Final = 5.0


@dataclass(slots=True)
class Archiving:
    """What is older than its time at this moment goes. is_left: whether there may be more than was archived."""

    now: datetime
    older_than_days: int | None
    is_left: bool = False


class ArchiveRows:
    """An effect whose outside is the service's own database and the disk.

    archive: None where nothing is archived; then nothing is deleted either. slice_s: how long one message begins more pages.
    """

    concurrency = 1

    def __init__(self, archive: "RowArchive | None", rules: Sequence[Rule], clock: Clock, *, slice_s: float = SLICE_S) -> None:
        self._archive = archive
        self._rules = tuple(rules)
        self._clock = clock
        self._slice_s = slice_s

    async def claim(self, _: Session, received: Sequence[Received[Any]]) -> Sequence[Archiving | Outcome]:
        """Nothing is to be written before."""
        return [Archiving(one.message.slot or self._clock(), one.message.older_than_days) for one in received]

    async def call(self, work: Archiving) -> Outcome:
        """Archive until there is nothing left or the slice is over. Where somebody is in the way, it is tried again soon."""
        if self._archive is None:
            return Done()
        until = time.monotonic() + self._slice_s
        try:
            for rule in self._rules:
                while await self._archive.keep_page(rule, work.now - self._age(rule, work)) > 0:
                    if time.monotonic() > until:
                        work.is_left = True
                        return Done()
        except Exception as error:
            if not (is_away(error) or is_conflict(error)):
                raise
            return Retry(f"the database did not give rows: {type(error).__name__}", after_s=AGAIN_S, counts=False)
        return Done()

    async def record(self, session: Session, results: Sequence[tuple[Received[Any], Archiving | None, Outcome]]) -> None:
        """Ask for the rest."""
        for one, work, outcome in results:
            if work is not None and work.is_left and isinstance(outcome, Done):
                following = one.message.model_copy(update={"slot": work.now, "page": one.message.page + 1})
                publish(session, following, message_id=uuid5(one.id, "next"))

    async def close(self) -> None:
        """It keeps nothing open."""

    def _age(self, rule: Rule, work: Archiving) -> timedelta:
        return timedelta(days=rule.days if work.older_than_days is None else max(work.older_than_days, FLOOR_DAYS))


def archive_rows(runtime: ProcessRuntime, rules: Sequence[Rule]) -> ArchiveRows:
    """The effect of a service with these rules."""
    settings = runtime.settings
    if settings.archive_dir is None:
        return ArchiveRows(None, rules, runtime.clock)
    # Only who archives pays for the memory of the library.
    from shared.runtime.archive.rows import RowArchive

    archive = RowArchive(runtime.database.unit_of_work, settings.archive_dir, settings.service, runtime.clock)
    return ArchiveRows(archive, rules, runtime.clock)
