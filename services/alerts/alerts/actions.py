"""What people do about alerts: one, or many at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.alerts.alerts.action_repository import ActionRepository
from services.alerts.alerts.auto_resolve import RESOLVED, UnsentMails
from services.alerts.alerts.errors import AlertNotFound, SnoozeOutOfRange, TooManyAlerts
from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.life_cycle import Asked, changes, refusal
from services.alerts.alerts.models import Alert, AlertState, TimelineEntry
from services.alerts.alerts.repository import AlertReader, TimelineRepository, among, matching
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict

LONGEST_SNOOZE: Final = timedelta(days=90)
MOST_BY_FILTER: Final = 10_000
"""So many alerts a filter may mean in one action: what changes them is one transaction, and its answer names each."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action on many came to, by alert."""

    changed: list[UUID] = field(default_factory=list)
    unchanged: list[UUID] = field(default_factory=list)
    refused: list[tuple[UUID, Conflict]] = field(default_factory=list)
    not_found: list[UUID] = field(default_factory=list)


class AlertActions:
    """Takes actions on the alerts of an organization, or on everybody's where `organization_id` is None."""

    def __init__(
        self, repository: ActionRepository, reader: AlertReader, timeline: TimelineRepository, mails: UnsentMails, clock: Clock
    ) -> None:
        self._repository = repository
        self._reader = reader
        self._timeline = timeline
        self._mails = mails
        self._clock = clock

    async def take(self, alert_id: UUID, asked: Asked, organization_id: UUID | None, check: Callable[[int], None]) -> Alert:
        """Take an action on one alert, and return it as it is then. check: refuses versions that the caller has not seen.

        Raises AlertNotFound, SnoozeOutOfRange, and what `life_cycle.changes` raises.
        """
        self._check_end(asked.until)
        states = await self._lock(asked, AlertFilter(), organization_id, [alert_id], 1)
        if not states:
            raise _not_found()
        check(states[0].version)
        if changes(asked, states[0]):
            await self._change(asked, [alert_id])
        return await self._read(alert_id, organization_id)

    async def take_on_all(
        self, asked: Asked, organization_id: UUID, ids: Sequence[UUID] | None, meant: AlertFilter | None
    ) -> Outcome:
        """Take an action on these alerts, or on all that are meant; what stands against one does not stand against others.

        Raises SnoozeOutOfRange, and TooManyAlerts where `meant` means more than MOST_BY_FILTER; then nothing has changed.
        """
        self._check_end(asked.until)
        states = await self._lock(asked, meant or AlertFilter(), organization_id, ids, MOST_BY_FILTER + 1)
        if len(states) > MOST_BY_FILTER:
            raise TooManyAlerts(f"the filter means more than {MOST_BY_FILTER} alerts, and nothing was changed; narrow it")
        outcome = _sorted_out(asked, states, ids or ())
        if outcome.changed:
            await self._change(asked, outcome.changed)
        return outcome

    async def comment(
        self, alert_id: UUID, actor: str, comment: str, organization_id: UUID | None, check: Callable[[int], None]
    ) -> Alert:
        """Write what somebody has to say into the timeline. Raises AlertNotFound."""
        states = await self._repository.lock(among([alert_id], organization_id), 1)
        if not states:
            raise _not_found()
        check(states[0].version)
        await self._timeline.append([TimelineEntry(alert_id, "commented", actor, comment)])
        return await self._read(alert_id, organization_id)

    async def _lock(
        self, asked: Asked, meant: AlertFilter, organization_id: UUID | None, ids: Sequence[UUID] | None, limit: int
    ) -> Sequence[AlertState]:
        conditions = matching(meant, organization_id) if ids is None else among(ids, organization_id)
        if asked.action == "reopen":
            # Else a new ETA could overtake the alert unseen, between our look at the shipment and our commit.
            await self._repository.lock_shipments(conditions)
        return await self._repository.lock(conditions, limit)

    async def _change(self, asked: Asked, alert_ids: Sequence[UUID]) -> None:
        await self._repository.change(alert_ids, asked.change)
        if asked.action == "resolve":
            await self._mails.cancel(alert_ids, RESOLVED)

    async def _read(self, alert_id: UUID, organization_id: UUID | None) -> Alert:
        alert = await self._reader.find(alert_id, organization_id)
        assert alert is not None, "it is locked"
        return alert

    def _check_end(self, until: datetime | None) -> None:
        now = self._clock()
        if until is not None and not now < until <= now + LONGEST_SNOOZE:
            raise SnoozeOutOfRange(f"name a time in the future, at most {LONGEST_SNOOZE.days} days ahead")


def _sorted_out(asked: Asked, states: Sequence[AlertState], ids: Sequence[UUID]) -> Outcome:
    outcome = Outcome()
    for state in states:
        verdict = refusal(asked, state)
        if isinstance(verdict, Conflict):
            outcome.refused.append((state.id, verdict))
        else:
            (outcome.changed if verdict else outcome.unchanged).append(state.id)
    found = {state.id for state in states}
    outcome.not_found.extend(sorted(set(ids) - found))
    return outcome


def _not_found() -> AlertNotFound:
    return AlertNotFound("there is no alert with this id; GET /v1/alerts lists those that you may see")
