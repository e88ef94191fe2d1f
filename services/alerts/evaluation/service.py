"""Evaluation of single shipments, and asking for runs over all of them."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from services.alerts.evaluation.errors import DayNotEvaluable
from services.alerts.evaluation.models import Found, Rung, Trigger
from services.alerts.evaluation.repository import EvaluationRepository
from services.alerts.evaluation.run_repository import RunRepository
from services.alerts.evaluation.schemas import Explanation, Outcome, StepExplained
from services.alerts.shipments.models import FIRST_ETA
from shared.contracts.alerts import AlertsRaised, EvaluateShipments, OrganizationAlerts, QueuePendingEmails
from shared.runtime.outbox import Publisher


class Evaluation:
    """Days are counted in UTC, from the ETA's day: a shipment is one day late on the day after its ETA."""

    def __init__(self, evaluations: EvaluationRepository, runs: RunRepository, publisher: Publisher) -> None:
        self._evaluations = evaluations
        self._runs = runs
        self._publisher = publisher

    async def request(self, as_of: datetime | None, *, now: datetime, requested_by: str, trigger: Trigger = "http") -> UUID:
        """Ask for a run for the day of `as_of`, and return its id. Raises DayNotEvaluable as `explain` does."""
        day = day_of(as_of, now)
        run_id = self._publisher.publish(EvaluateShipments(as_of=as_of or now))
        await self._runs.request(run_id, day, trigger=trigger, requested_by=requested_by)
        return run_id

    async def explain(self, shipment_id: UUID, as_of: datetime | None, *, asked_at: datetime) -> Explanation:
        """Evaluate one shipment, and say which step fired or why none did.

        Raises DayNotEvaluable for a day that had not begun when it was asked for, or that lies before every ETA.
        """
        day = day_of(as_of, asked_at)
        found = await self._evaluations.evaluate_shipment(shipment_id, day)
        if found is None:
            return Explanation(shipment_id=shipment_id, as_of=day, outcome="unknown_shipment", reason="there is no such shipment")
        if found.alert_id is not None:
            self._tell(day, found)
        rungs: Sequence[Rung] = ()
        if found.policy_version_id is not None:
            rungs = await self._evaluations.rungs(shipment_id, found.policy_version_id)
        return _explanation(shipment_id, day, found, rungs)

    def _tell(self, day: date, found: Found) -> None:
        raised = OrganizationAlerts.model_validate({"organization_id": found.organization_id, str(found.severity): 1})
        self._publisher.publish(AlertsRaised(as_of=day, raised=1, organizations=(raised,)))
        self._publisher.publish(QueuePendingEmails())


def day_of(as_of: datetime | None, asked_at: datetime) -> date:
    """The day to evaluate. Raises DayNotEvaluable for one after the day on which it was asked for, or before any ETA."""
    day = (as_of or asked_at).date()
    if day > asked_at.date():
        raise DayNotEvaluable("as_of lies in the future; alerts are raised for days that have come, so name today or earlier")
    if day < FIRST_ETA:
        raise DayNotEvaluable(f"as_of lies before {FIRST_ETA}, and so before every ETA; name a later day")
    return day


def _explanation(shipment_id: UUID, day: date, found: Found, rungs: Sequence[Rung]) -> Explanation:
    outcome, reason = _outcome(found, rungs)
    steps = [
        StepExplained(
            step=rung.step,
            days_late=rung.days_late,
            severity=rung.severity,
            crosses_on=rung.crosses_on,
            reached=found.step is not None and rung.step <= found.step,
            alert_id=rung.alert_id,
        )
        for rung in rungs
    ]
    return Explanation.model_validate(
        {
            "shipment_id": shipment_id,
            "as_of": day,
            "outcome": outcome,
            "reason": reason,
            "policy": found.policy,
            "policy_version_id": found.policy_version_id,
            "basis": found.basis,
            "calendar": found.calendar,
            "days_late": found.days_late,
            "step": found.step,
            "severity": found.severity,
            "alert_id": found.alert_id,
            "next_evaluation_on": found.next_on,
            "steps": steps,
        }
    )


def _outcome(found: Found, rungs: Sequence[Rung]) -> tuple[Outcome, str]:
    if found.status not in ("in_transit", "arrived", "customs_hold"):
        return "not_watched", f"lateness does not matter any more in status {found.status}"
    if found.policy is None or found.days_late is None:
        return "no_policy", f"no policy applies to this shipment in status {found.status}; GET /v1/policies/effective says why"
    kind = "business day" if found.basis == "business" else "day"
    days = f"{found.days_late} {kind}{'' if found.days_late == 1 else 's'}"
    late = f"it is {days} past its ETA" if found.days_late > 0 else "it is not late"
    if found.step is None:
        return "not_late_enough", f"{late}; the first step is reached on {found.next_on}"
    if found.alert_id is None:
        if any(rung.alert_id is not None and rung.step >= found.step for rung in rungs):
            return "already_raised", f"{late}; step {found.step} or a higher one was raised before for this ETA"
        return "already_raised", f"{late}; an alert as severe was raised before for this ETA, by another policy"
    return "raised", f"{late}, which is step {found.step}, {found.severity}"
