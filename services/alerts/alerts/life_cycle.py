"""Which action leads an alert from which status to which, and what stands against it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.alerts.alerts.errors import AcknowledgedByOther, ActionNotPossible, EtaSuperseded, ShipmentNotWatched
from services.alerts.alerts.models import AlertState, Change, Happening, Status
from shared.runtime.errors import Conflict

Action = Literal["acknowledge", "unacknowledge", "snooze", "wake", "resolve", "reopen"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What an action makes of an alert, from which statuses it may be taken, and the entry that it leaves."""

    leads_to: Status
    begins_at: frozenset[Status]
    kind: Happening


_UNRESOLVED: Final = frozenset[Status]({"open", "acknowledged", "snoozed"})
# The database has the same table, alert_status_transitions, and is the last to refuse.
RULES: Final[dict[Action, Rule]] = {
    "acknowledge": Rule("acknowledged", frozenset({"open", "snoozed"}), "acknowledged"),
    "unacknowledge": Rule("open", frozenset({"acknowledged"}), "unacknowledged"),
    "snooze": Rule("snoozed", _UNRESOLVED, "snoozed"),
    "wake": Rule("open", frozenset({"snoozed"}), "woken"),
    "resolve": Rule("resolved", _UNRESOLVED, "resolved"),
    "reopen": Rule("open", frozenset({"resolved"}), "reopened"),
}
_PARTICIPLES: Final[dict[Action, str]] = {
    "acknowledge": "acknowledged",
    "unacknowledge": "unacknowledged",
    "snooze": "snoozed",
    "wake": "woken",
    "resolve": "resolved",
    "reopen": "reopened",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to be done. until: the end of a snooze, None for all others."""

    action: Action
    actor: str
    reason: str | None = None
    until: datetime | None = None

    @property
    def change(self) -> Change:
        """What it comes to where it is possible."""
        rule = RULES[self.action]
        return Change(rule.kind, rule.leads_to, self.actor, self.reason, self.until)


def changes(asked: Asked, state: AlertState) -> bool:
    """Whether the action would change the alert; it would not where all that it leads to is there already.

    Raises ActionNotPossible, AcknowledgedByOther, ShipmentNotWatched and EtaSuperseded.
    """
    rule = RULES[asked.action]
    if state.status == rule.leads_to:
        return _changes_within(asked, state)
    if state.status not in rule.begins_at:
        raise _not_possible(asked.action, state.status)
    if asked.action == "reopen":
        _check_reopening(state)
    return True


def refusal(asked: Asked, state: AlertState) -> Conflict | bool:
    """As `changes`, with what it would raise as its value: for many at once."""
    try:
        return changes(asked, state)
    except Conflict as error:
        return error


def _changes_within(asked: Asked, state: AlertState) -> bool:
    if asked.action == "acknowledge" and state.acknowledged_by != asked.actor:
        raise AcknowledgedByOther("somebody else has acknowledged the alert; leave it to them, or unacknowledge it first")
    return asked.action == "snooze" and state.snoozed_until != asked.until


def _check_reopening(state: AlertState) -> None:
    if not state.watched:
        raise ShipmentNotWatched(
            "the shipment is released, delivered or cancelled, so its lateness matters no more; set its status back first"
        )
    if not state.is_current:
        raise EtaSuperseded(
            "the shipment was told another ETA since; the evaluation opens a new alert when it is late by that one"
        )


def _not_possible(action: Action, status: Status) -> ActionNotPossible:
    possible = [name for name, rule in RULES.items() if status in rule.begins_at]
    return ActionNotPossible(
        f"the alert is {status} and cannot be {_PARTICIPLES[action]}; possible: {', '.join(possible)}", possible=possible
    )
