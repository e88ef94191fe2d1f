"""Shapes of the alerts API: what is asked to be done, and what came of it."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.alerts.alerts.filter_models import AlertFilter
from services.alerts.alerts.life_cycle import Action
from services.alerts.shipments.day_models import Moment

MOST_IDS: Final = 1000
Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
"""A sentence for the timeline. PostgreSQL keeps no NUL characters."""

_UNTIL: Final = "A time in the future, at most 90 days ahead, with its offset."


def _strict(*examples: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"examples": list(examples)})


class ReasonIn(BaseModel):
    """Why."""

    model_config = _strict({"reason": "the carrier confirms arrival tonight"})

    reason: Reason | None = Field(None, description="For the timeline.")


class SnoozeIn(ReasonIn):
    """Until when, and why."""

    model_config = _strict({"until": "2026-11-23T08:00:00Z", "reason": "customs inspection on Monday"})

    until: Moment = Field(description=_UNTIL)


class CommentIn(BaseModel):
    """What there is to say."""

    model_config = _strict({"text": "the broker has the missing invoice"})

    text: Reason


class MeantAlerts(AlertFilter):
    """What the lists take as a query, as a body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BulkIn(BaseModel):
    """An action on many alerts: those named, or all that a filter means."""

    model_config = _strict(
        {"action": "acknowledge", "ids": ["019a9f5e-0a00-7e21-b7c4-90ab12cd34ef"]},
        {
            "action": "resolve",
            "filter": {"customer": "Nordlicht Handels GmbH", "severity": ["info"]},
            "reason": "cleared by phone",
        },
    )

    action: Action
    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_IDS)
    filter: MeantAlerts | None = Field(None, description="At most 10,000 alerts; name at least one thing.")
    until: Moment | None = Field(None, description=f"For `snooze` alone. {_UNTIL}")
    reason: Reason | None = Field(None, description="For the timeline of each.")

    @model_validator(mode="after")
    def _is_meant(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("name either ids or filter")
        if self.filter is not None and self.filter.is_empty:
            raise ValueError("the filter means every alert; name at least one thing in it")
        if (self.action == "snooze") != (self.until is not None):
            raise ValueError("a snooze needs until, and nothing else takes it")
        return self


class RefusedOut(BaseModel):
    """An alert on which the action was not possible."""

    id: UUID
    code: str = Field(examples=["action_not_possible"])
    reason: str


class BulkOut(BaseModel):
    """What an action on many alerts came to, by id."""

    changed: list[UUID]
    unchanged: list[UUID] = Field(description="What the action leads to was there already.")
    refused: list[RefusedOut]
    not_found: list[UUID] = Field(description="There is no such alert, or it is another organization's.")
