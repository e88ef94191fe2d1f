"""Shapes of dry runs."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.alerts.alerts.models import Severity
from services.alerts.policies.models import Question
from services.alerts.policies.schemas import ContentIn, Day, ScopeIn


class DryRunIn(ScopeIn, ContentIn):
    """A policy to try, and on which days."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "mode": "sea",
                    "steps": [{"days_late": 2, "severity": "warning"}, {"days_late": 6, "severity": "critical"}],
                    "from": "2026-08-01",
                    "to": "2026-10-31",
                }
            ]
        },
    )

    first: Day = Field(alias="from", description="The first day in UTC.")
    last: Day = Field(alias="to", description="The last day in UTC: today or before, and at most 366 days in all.")

    @model_validator(mode="after")
    def raises_something(self) -> Self:
        """A policy that is retired has nothing to count."""
        if not self.enabled:
            raise ValueError("a retired policy raises nothing; leave enabled out")
        return self

    def question(self, organization_id: UUID | None) -> Question:
        """The same for the service."""
        return Question(self.scope(organization_id), self.content(None), self.first, self.last)


class OfDay(BaseModel):
    """How many alerts one day would have had."""

    day: date
    alerts: int


class OfCustomer(BaseModel):
    """How many alerts one customer's shipments would have had."""

    organization_id: UUID
    customer: str
    alerts: int


class Counts(BaseModel):
    """What a policy would have raised."""

    alerts: int = Field(examples=[412])
    shipments: int = Field(description="That any of the alerts is about.", examples=[190])
    recipients: int = Field(description="Addresses that any mail goes to.", examples=[12])
    emails: int = Field(description="About one alert each.", examples=[388])
    digests: int = Field(description="About more than `digest_above` alerts of a day, critical ones apart.", examples=[3])
    by_day: list[OfDay] = Field(description="Days with any alert, in order.")
    by_severity: dict[Severity, int]
    by_customer: list[OfCustomer] = Field(description="The 20 with the most alerts.")


class DryRunOut(BaseModel):
    """What a policy would have raised, and what the policies that now apply to the same shipments would have."""

    shipments_considered: int = Field(description="Those that the policy would apply to and that were watched meanwhile.")
    proposed: Counts
    in_force: Counts
