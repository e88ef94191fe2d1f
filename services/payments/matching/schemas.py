"""Shapes of the matching API."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payments.days import Day
from services.payments.manufacturers.schemas import CapabilityName, Latitude, Longitude, Quantity, StateCode
from services.payments.matching.models import MatchState, Outcome
from services.payments.matching.policy_schemas import WeightsIn
from services.payments.matching.pool_models import Rule
from services.payments.money.schemas import CurrencyCode
from shared.contracts.money import Money


class OrderMatchOut(BaseModel):
    """Where an order stands on its way to manufacturers."""

    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    organization_id: UUID
    state: MatchState = Field(
        description="waiting: the next run looks for manufacturers. unmatched: none was found, for `reason`; it is tried again "
        "when manufacturers change, and at `retry_at`. offered: every line is with a manufacturer, and some have not answered. "
        "assigned: all have accepted."
    )
    round: int = Field(description="How often offers were made.")
    capabilities: list[str] = Field(description="What must be made.")
    waiting_since: datetime
    tried_at: datetime | None = Field(description="The last try.")
    reason_code: str | None = Field(examples=["no_manufacturer"])
    reason: str | None = Field(
        examples=[
            "Line 2, 500 of die_casting until 2026-03-20: of 37 manufacturers 20 in need of more than 9 days, 17 not active."
        ]
    )
    retry_at: datetime | None
    alerted_at: datetime | None = Field(description="When the organization was told that it waits for too long.")


class RunRequest(BaseModel):
    """Asks for a run."""

    message_id: UUID = Field(description="The run's id, too.")


class RunOut(BaseModel):
    """A run over orders that waited."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID | None = Field(description="Null: everybody's.")
    order_id: UUID | None = Field(description="Null: all that waited.")
    requested_by: str
    started_at: datetime
    finished_at: datetime | None
    chunks: int
    orders: int
    offered: int
    unmatched: int
    working_ms: int


class WhatIfLine(BaseModel):
    """A line that is made up."""

    model_config = ConfigDict(extra="forbid")

    capability: CapabilityName
    quantity: Quantity


class WhatIfOrder(BaseModel):
    """An order that is made up."""

    model_config = ConfigDict(extra="forbid")

    currency: CurrencyCode
    state_code: StateCode | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    wanted_on: Day | None = None
    lines: list[WhatIfLine] = Field(min_length=1, max_length=50)


class WhatIf(BaseModel):
    """A question: how would this order be matched, if …? What is left out is as it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"order_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef", "weights": {"price": 100}}]},
    )

    order_id: UUID | None = Field(
        default=None, description="All of its lines, as though nobody had been asked; its own reservations are free."
    )
    order: WhatIfOrder | None = Field(default=None, description="One that is made up, in the place of order_id.")
    weights: WeightsIn | None = Field(default=None, description="All of them in the place of the policy's.")
    most_manufacturers: int | None = Field(default=None, strict=True, ge=1, le=3)
    excluded_manufacturers: list[UUID] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _is_about_one_order(self) -> Self:
        if (self.order_id is None) == (self.order is None):
            raise ValueError("name either order_id or order")
        return self


class Term(BaseModel):
    """One term of a score."""

    score_bp: int = Field(ge=0, le=10_000, description="Basis points; 10000 is best.", examples=[8200])
    weight: int = Field(ge=0, le=100)
    says: str = Field(examples=["12500 INR a unit; the cheapest asks for 10250"])


class Candidate(BaseModel):
    """A manufacturer that could make a line."""

    rank: int = Field(description="From 1, the best.")
    manufacturer_id: UUID
    name: str | None = Field(description="As it is called now; null where it is not there any more.")
    score_bp: int = Field(description="The weighted mean of its terms, in basis points.")
    unit_price: Money
    price: Term
    lead_time: Term
    distance: Term
    quality: Term
    on_time: Term
    load: Term


class LeftOut(BaseModel):
    """Manufacturers that one rule leaves out; a rule that stands before it has left out others."""

    rule: Rule
    says: str = Field(examples=["in need of more than 9 days"])
    count: int
    manufacturers: "list[Named]"


class Named(BaseModel):
    """A manufacturer, and what the rule found."""

    manufacturer_id: UUID
    name: str | None
    says: str = Field(examples=["needs 21 days"])


class LineExplanation(BaseModel):
    """Who was looked at for a line."""

    number: int
    capability: str
    quantity: int
    pool: int = Field(description="How many manufacturers have the capability.")
    left_out: list[LeftOut] = Field(description="In the order of the rules.")
    candidates: list[Candidate] = Field(description="The best first.")


class PlanLine(BaseModel):
    """Who makes a line in a plan."""

    number: int
    manufacturer_id: UUID
    name: str | None
    score_bp: int


class PlanOut(BaseModel):
    """A way to make all lines with as few manufacturers as can be."""

    rank: int = Field(description="1 is the one that was chosen.")
    manufacturers: int
    score_bp: int = Field(description="The mean of its lines' scores, in basis points.")
    lines: list[PlanLine]


class PolicyUsed(BaseModel):
    """By which rules it was decided."""

    number: int = Field(description="The version of the organization's policy; 0: the built-in one.")
    weights: WeightsIn
    most_manufacturers: int
    distance_limit_km: int


class DecisionOut(BaseModel):
    """One decision about an order."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    order_id: UUID
    run_id: UUID
    outcome: Outcome
    policy_number: int = Field(description="The version of the organization's policy; 0: the built-in one.")
    decided_at: datetime


class Explanation(BaseModel):
    """Why an order was matched as it was: every manufacturer, every rule, every term."""

    id: UUID | None = Field(description="Null for a what-if, of which nothing is kept.")
    order_id: UUID | None
    run_id: UUID | None
    decided_at: datetime
    outcome: Outcome
    summary: str = Field(examples=["2 manufacturers make all 3 lines; no single one can."])
    policy: PolicyUsed
    currency: str
    state_code: str | None
    today: date
    until: date = Field(description="The last day on which it is good.")
    lines: list[LineExplanation]
    plans: list[PlanOut] = Field(description="The chosen one, then its runners-up.")
    complete: bool = Field(description="False where the search was cut short, so that a better plan may have been missed.")
