"""The watch over trips by the clock."""

from collections.abc import Sequence
from typing import Final

from services.trips import deps
from services.trips.flags.late_rule_repository import LATE_RULE
from services.trips.flags.models import Rule
from services.trips.flags.position_rules_repository import POSITION_RULES
from services.trips.flags.rules_repository import RULES
from shared.contracts.trips import CheckTripTimeouts
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task

WATCHED: Final[Sequence[Rule]] = (*RULES, LATE_RULE, *POSITION_RULES)


@task(CheckTripTimeouts)
async def check_trip_timeouts(session: Session, received: Received[CheckTripTimeouts]) -> None:
    """Flag trips that need somebody, and clear the flags of those that need nobody any more."""
    await deps.trip_watch(session).run(WATCHED, received.message.slot or received.occurred_at)
