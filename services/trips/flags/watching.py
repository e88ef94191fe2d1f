"""Looking at all trips for those that need somebody: each organization's flags of each kind in a transaction of their own."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from secrets import SystemRandom
from typing import Final
from uuid import UUID

from services.trips.flags.models import Rule
from services.trips.flags.repository import FlagRepository
from services.trips.flags.service import TripFlags
from services.trips.turns import Turns
from shared.contracts.trips import CheckTripTimeouts
from shared.runtime.db import Session, is_away
from shared.runtime.inbox.delivery import Received
from shared.runtime.outcomes import Outcome

logger = logging.getLogger(__name__)

LONGEST_S: Final = 25.0
"""How long turns are begun. Who has had none has one in five minutes; in no order, so that nobody is always last."""


@dataclass(frozen=True, slots=True)
class Look:
    """All that is so at this moment is to be flagged, and nothing else."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An organization with something to flag, or flagged that is so no more."""

    organization_id: UUID
    rule: Rule


class TripWatch:
    """The effect of `trips.check_trip_timeouts`, whose outside is the service's own database.

    Each organization has a turn for each kind of flag, so what is wrong with one of its trips leaves its other flags alone, too.

    unit_of_work: opens a transaction. flags: writes in one. longest_s: how long turns are begun; there is one at least.
    """

    concurrency = 1

    def __init__(
        self,
        rules: Sequence[Rule],
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        flags: Callable[[Session], TripFlags],
        *,
        longest_s: float = LONGEST_S,
    ) -> None:
        self._rules = rules
        self._unit_of_work = unit_of_work
        self._flags = flags
        self._turns = Turns("trips", longest_s=longest_s)

    async def claim(self, _: Session, received: Sequence[Received[CheckTripTimeouts]]) -> Sequence[Look | Outcome]:
        """Nothing is to be written before."""
        return [Look(one.message.slot or one.occurred_at) for one in received]

    async def call(self, work: Look) -> Outcome:
        """Look for everything once. Done a second time it finds all flags raised, and tells nobody."""
        return await self._turns.take(lambda: self._waiting(work.at), lambda one: self._turn(one, work.at))

    async def record(self, _: Session, results: Sequence[tuple[Received[CheckTripTimeouts], Look | None, Outcome]]) -> None:
        """What was found is flagged already."""

    async def close(self) -> None:
        """It keeps nothing open."""

    async def _waiting(self, at: datetime) -> Sequence[Unsettled]:
        found = [Unsettled(organization_id, rule) for rule in self._rules for organization_id in await self._whose(rule, at)]
        SystemRandom().shuffle(found)
        return found

    async def _whose(self, rule: Rule, at: datetime) -> Sequence[UUID]:
        try:
            async with self._unit_of_work() as session:
                return await FlagRepository(session).unsettled(rule, at)
        except Exception as error:
            if is_away(error):
                raise
            # Some trip spoils the look at all. Each organization is looked at alone then, and the one with that trip is left out.
            logger.warning("watch_looks_one_by_one", extra={"kind": rule.kind, "error_class": type(error).__name__})
            async with self._unit_of_work() as session:
                return await FlagRepository(session).organizations()

    async def _turn(self, one: Unsettled, at: datetime) -> None:
        async with self._unit_of_work() as session:
            await self._flags(session).flag(one.rule, one.organization_id, at)
