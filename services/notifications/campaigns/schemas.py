"""Campaigns on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator

from services.notifications.campaigns.json_values import storable_object
from services.notifications.campaigns.models import Campaign, CampaignFacts, CampaignStatus, Cost, Counts, PauseCause
from services.notifications.deliveries.schemas import Amount
from services.notifications.locales import canonical
from shared.contracts.message import UtcDatetime

MAX_CONTEXT_BYTES: Final = 16_000
_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
_LOCALE: Final = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
_BODY: Final[dict[str, Any]] = {
    "name": "Diwali offer",
    "channel": "email",
    "template_name": "campaign_newsletter",
    "category": "marketing",
    "context": {"headline": "Ship more this Diwali"},
    "locale": None,
    "segment": {"reference_prefix": "payments.customer:", "locales": ["hi"]},
    "per_minute": 600,
}
_PROGRESS: Final[dict[str, Any]] = {
    "total": 5000,
    "waiting": 2000,
    "under_way": 40,
    "sent": 2950,
    "failed": 2,
    "dropped": 8,
    "delivered": 2890,
    "bounced": 12,
    "complained": 0,
}
_COST: Final[dict[str, Any]] = {
    "currency": "INR",
    "estimated_cost": "486.750",
    "estimated_attempts": 2950,
    "cost": "472.32",
    "priced_attempts": 2890,
}
_CAMPAIGN: Final[dict[str, Any]] = {
    "id": "019a9f5f-2200-7aa0-8c3d-6f7e8d9c0b1a",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    **_BODY,
    "template_version": 3,
    "status": "running",
    "scheduled_at": None,
    "total": 5000,
    "queued": 3000,
    "pause_cause": None,
    "pause_reason": None,
    "created_by": "user:asha",
    "created_at": "2026-11-20T06:00:00.120000Z",
    "updated_at": "2026-11-20T06:05:00.120000Z",
    "started_at": "2026-11-20T06:05:00.120000Z",
    "finished_at": None,
}


def _as_tag(tag: str) -> str:
    found = canonical(tag)
    if found is None:
        raise ValueError("write a BCP 47 tag of language, script and region, such as hi-IN")
    return found


LocaleTag = Annotated[str, Field(max_length=35, pattern=_LOCALE), AfterValidator(_as_tag)]
Reason = Annotated[str, Field(min_length=1, max_length=300, pattern=_LINE, description="One line.")]


class Segment(BaseModel):
    """Which of the organization's people, as far as they have an address for the channel. What is left out does not count."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_BODY["segment"]]})

    reference_prefix: str | None = Field(
        default=None, max_length=100, pattern=r"^[a-z]+\.[a-z_]+:$", description="A kind of people: `payments.customer:`."
    )
    locales: list[LocaleTag] | None = Field(
        default=None, min_length=1, max_length=50, description="`hi` means `hi-IN` as well. Who has no language reads English."
    )
    time_zones: list[Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")]] | None = Field(
        default=None, min_length=1, max_length=50, description="Names of the IANA database."
    )
    has_email: bool | None = Field(default=None, strict=True)
    has_phone: bool | None = Field(default=None, strict=True)


class CampaignBody(BaseModel):
    """What is decided about a campaign before it starts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_BODY]})

    name: str = Field(min_length=1, max_length=200, pattern=_LINE)
    channel: Literal["email", "sms"]
    template_name: str = Field(max_length=100, pattern=r"^[a-z][a-z0-9_]*$")
    category: str = Field(
        default="marketing",
        max_length=50,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="One that people may decline: `marketing`, `reminders`, or one of the organization's own.",
    )
    context: dict[str, JsonValue] = Field(default_factory=dict, description="The template's variables, for all. At most 16 KB.")
    locale: LocaleTag | None = Field(default=None, description="In which language; by default in each recipient's own.")
    segment: Segment | None = Field(default=None, description="Null for a list that is uploaded.")
    per_minute: int | None = Field(default=None, ge=1, le=100_000, description="How many a minute at most.")

    @field_validator("context")
    @classmethod
    def _can_be_kept(cls, context: dict[str, JsonValue]) -> dict[str, JsonValue]:
        return storable_object(context, MAX_CONTEXT_BYTES)

    def facts(self) -> CampaignFacts:
        """The same for the service."""
        segment = self.segment.model_dump(exclude_none=True) if self.segment is not None else None
        return CampaignFacts(**{**self.model_dump(), "segment": segment})


class CampaignOut(BaseModel):
    """One message to many people."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CAMPAIGN]})

    id: UUID
    organization_id: UUID | None
    name: str
    channel: Literal["email", "sms"]
    template_name: str
    template_version: int | None = Field(description="In the campaign's language, as it was when the campaign last started.")
    category: str
    context: dict[str, JsonValue]
    locale: str | None
    segment: dict[str, JsonValue] | None
    per_minute: int | None
    status: CampaignStatus
    scheduled_at: datetime | None
    total: int = Field(description="Recipients; of a segment, 0 until the campaign starts.")
    queued: int = Field(description="Of these, to whom it is on its way or was sent.")
    pause_cause: PauseCause | None = Field(
        description="Why it stands still, why it could not start, or what it has been found out about once it is finished."
    )
    pause_reason: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class Progress(BaseModel):
    """What has become of a campaign's messages: total = waiting + under_way + sent + failed + dropped."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PROGRESS]})

    total: int
    waiting: int = Field(description="Not asked for yet.")
    under_way: int = Field(description="Asked for, and neither sent nor given up.")
    sent: int
    failed: int
    dropped: int = Field(description="Suppressed, declined, cancelled or too late.")
    delivered: int = Field(description="Of those sent, as the providers report.")
    bounced: int
    complained: int


class CostOut(BaseModel):
    """What a campaign's SMS cost in one currency, exactly: what it should be, and what the providers have told so far.

    An attempt is counted in the currency of each: an account may be charged in another one than the price list names.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_COST]})

    currency: str = Field(description="ISO 4217; amounts are in whole units of it.")
    estimated_cost: Amount = Field(description="Of what providers have taken, by `SMS_PRICES` as it was then.")
    estimated_attempts: int = Field(description="Attempts that it is the sum of.")
    cost: Amount = Field(description="What providers have told.")
    priced_attempts: int = Field(description="Attempts that it is the sum of; others may still be told of.")

    @classmethod
    def of(cls, cost: Cost) -> Self:
        """As it is shown."""
        return cls(
            currency=cost.currency,
            estimated_cost=cost.estimate,
            estimated_attempts=cost.estimated,
            cost=cost.price,
            priced_attempts=cost.priced,
        )


class CampaignProgress(CampaignOut):
    """A campaign and how far it has come."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_CAMPAIGN, "progress": _PROGRESS, "costs": []}]})

    progress: Progress
    costs: list[CostOut] = Field(description="Of SMS, by currency; empty for e-mails, and before anything is known.")

    @classmethod
    def of(cls, campaign: Campaign, counts: Counts, costs: Sequence[Cost]) -> Self:
        """Both in one."""
        under_way = max(0, campaign.queued - counts.ended)
        known = {name: getattr(counts, name) for name in ("sent", "failed", "dropped", "delivered", "bounced", "complained")}
        progress = Progress(total=campaign.total, waiting=campaign.total - campaign.queued, under_way=under_way, **known)
        known_costs = [CostOut.of(one) for one in costs]
        return cls(**CampaignOut.model_validate(campaign).model_dump(), progress=progress, costs=known_costs)


class ScheduleIn(BaseModel):
    """When a campaign starts by itself."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"at": "2026-11-24T04:30:00Z"}]})

    at: UtcDatetime


class ReasonIn(BaseModel):
    """Why somebody stops a campaign."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "the offer has ended"}]})

    reason: Reason


class RecipientOut(BaseModel):
    """One recipient, and what became of the message."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "position": 17,
                    "to_person": "payments.customer:7",
                    "to_email": None,
                    "to_phone": None,
                    "to_name": None,
                    "locale": None,
                    "state": "queued",
                    "delivery_id": "019a9f5f-1100-5aa0-8c3d-6f7e8d9c0b1a",
                    "status": "sent",
                    "receipt": "delivered",
                    "reason": None,
                    "held_until": None,
                    "finished_at": "2026-11-20T06:05:21.480000Z",
                }
            ]
        },
    )

    position: int
    to_person: str | None
    to_email: str | None
    to_phone: str | None
    to_name: str | None
    locale: str | None
    state: Literal["waiting", "queued"]
    delivery_id: UUID | None
    status: str | None = Field(description="The delivery's; null before its first attempt.")
    receipt: str | None = Field(description="What the provider reports of it.")
    reason: str | None = Field(description="Why it was dropped or waits.")
    held_until: datetime | None
    finished_at: datetime | None


class ChangeOut(BaseModel):
    """Something that was done to a campaign."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor: str = Field(examples=["user:asha", "system:rates"])
    action: str = Field(examples=["pause"])
    reason: str | None
    details: dict[str, JsonValue]


class ListProblem(BaseModel):
    """One thing that is wrong with a row."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Of the file, or the place in the array, counted from 1.", examples=[17])
    column: str | None = Field(description="Null where the row as a whole is wrong.", examples=["to_email"])
    reason: str


class ListReport(BaseModel):
    """What became of a list: rows = kept + repeated + rejected."""

    campaign: CampaignOut
    rows: int = Field(examples=[200])
    kept: int = Field(examples=[190])
    repeated: int = Field(description="Rows whose recipient stands further up, under whatever spelling.", examples=[7])
    rejected: int = Field(examples=[3])
    problems: list[ListProblem] = Field(description="The first thousand.")
    problems_left_off: int = Field(examples=[0])
