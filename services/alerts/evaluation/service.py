"""Evaluation: which shipments are late enough for an alert that they have not had."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.alerts.evaluation.errors import DayNotEvaluable
from services.alerts.evaluation.models import Found
from services.alerts.evaluation.repository import BEGINNING, EvaluationRepository
from services.alerts.evaluation.schemas import Explanation, Outcome, RunSummary
from services.alerts.shipments.models import FIRST_ETA
from shared.contracts.alerts import EvaluateShipments, QueuePendingEmails
from shared.runtime.outbox import Publisher

FIRST_CHUNK: Final = 100
LARGEST_CHUNK: Final = 10_000


class Evaluation:
    """Days count in UTC, from the ETA's day: a shipment is one day late on the day after its ETA."""

    def __init__(self, repository: EvaluationRepository, publisher: Publisher) -> None:
        self._repository = repository
        self._publisher = publisher

    async def request(self, as_of: datetime | None, *, now: datetime) -> UUID:
        """Ask for a run for the day of `as_of`, and return its id. Raises DayNotEvaluable as `run` does."""
        day = day_of(as_of, now)
        run_id = self._publisher.publish(EvaluateShipments(as_of=as_of or now))
        await self._repository.request_run(run_id, day)
        return run_id

    async def run(self, run_id: UUID, as_of: datetime | None, *, asked_at: datetime) -> RunSummary:
        """Evaluate every shipment that reaches a step by the day of `as_of`. A second run for the same day raises nothing.

        Raises DayNotEvaluable for a day that had not begun when the run was asked for.
        """
        day = day_of(as_of, asked_at)
        await self._repository.begin_run(run_id, day)
        shipments = raised = chunks = 0
        position, size = BEGINNING, FIRST_CHUNK
        while (chunk := await self._repository.evaluate_chunk(day, position, size)) is not None:
            shipments, raised, chunks = shipments + chunk.shipments, raised + chunk.raised, chunks + 1
            if chunk.shipments < size:
                break
            # Small ones first, so that the common run of few shipments stays short, and growing, so that a large one does, too.
            position, size = chunk.reached, min(2 * size, LARGEST_CHUNK)
        await self._repository.finish_run(run_id, shipments=shipments, raised=raised, chunks=chunks)
        self._ask_for_emails(raised)
        return RunSummary(run_id=run_id, as_of=day, shipments=shipments, raised=raised, chunks=chunks)

    async def explain(self, shipment_id: UUID, as_of: datetime | None, *, asked_at: datetime) -> Explanation:
        """Evaluate one shipment, and say which step fired or why none did. Raises DayNotEvaluable as `run` does."""
        day = day_of(as_of, asked_at)
        found = await self._repository.evaluate_shipment(shipment_id, day)
        if found is None:
            status = await self._repository.status_of(shipment_id)
            return _not_evaluated(shipment_id, day, status)
        self._ask_for_emails(found.alert_id is not None)
        return _evaluated(shipment_id, day, found)

    def _ask_for_emails(self, raised: int) -> None:
        if raised:
            self._publisher.publish(QueuePendingEmails())


def day_of(as_of: datetime | None, asked_at: datetime) -> date:
    """The day to evaluate. Raises DayNotEvaluable for one after the day on which it was asked for, or before any ETA."""
    day = (as_of or asked_at).date()
    if day > asked_at.date():
        raise DayNotEvaluable("as_of lies in the future; alerts are raised for days that have come, so name today or earlier")
    if day < FIRST_ETA:
        raise DayNotEvaluable(f"as_of lies before {FIRST_ETA}, and so before every ETA; name a later day")
    return day


def _not_evaluated(shipment_id: UUID, day: date, status: str | None) -> Explanation:
    outcome: Outcome = "unknown_shipment" if status is None else "not_watched"
    reason = "there is no such shipment" if status is None else f"lateness does not matter any more in status {status}"
    return Explanation(shipment_id=shipment_id, as_of=day, outcome=outcome, reason=reason)


def _evaluated(shipment_id: UUID, day: date, found: Found) -> Explanation:
    days = f"{found.days_late} day{'' if found.days_late == 1 else 's'}"
    late = f"it is {days} past its ETA" if found.days_late > 0 else "it is not late"
    outcome: Outcome
    if found.step is None:
        outcome, reason = "not_late_enough", f"{late}; the first step is reached on {found.next_on}"
    elif found.alert_id is None:
        outcome, reason = "already_raised", f"{late}; step {found.step} or a higher one was raised before for this ETA"
    else:
        outcome, reason = "raised", f"{late}, which is step {found.step}, {found.severity}"
    return Explanation(
        shipment_id=shipment_id,
        as_of=day,
        outcome=outcome,
        reason=reason,
        days_late=found.days_late,
        step=found.step,
        severity=found.severity,
        alert_id=found.alert_id,
        next_evaluation_on=found.next_on,
    )
