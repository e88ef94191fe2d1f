"""Which shipments a list shows."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.alerts.shipments.day_models import Day, Moment
from services.alerts.shipments.models import HoldKind, Mode, Status

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class ShipmentFilter(BaseModel):
    """A shipment is shown when it meets all that is named. Of several statuses, one is enough."""

    model_config = ConfigDict(frozen=True)

    status: list[Status] | None = Field(None, max_length=10, description="Only those in one of these.")
    customer: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="Only those of this customer, spelt the same."
    )
    reference: ShortText | None = Field(None, description="Only those with this reference.")
    q: ShortText | None = Field(None, description="Only those whose reference begins so.", examples=["MAEU"])
    mode: Mode | None = Field(None, description="Only those that travel so.")
    carrier: ShortText | None = Field(None, description="Only those with this carrier, spelt the same.")
    hold: HoldKind | None = Field(None, description="Only those under a hold of this kind, in force.")
    eta_from: Day | None = Field(None, description="Only those that are expected on this day or later.")
    eta_to: Day | None = Field(None, description="Only those that are expected on this day or earlier.")
    late_as_of: Day | None = Field(None, description="Only those that are on their way now and were expected before this day.")
    changed_after: Moment | None = Field(None, description="Only those that changed after this moment.")

    @model_validator(mode="after")
    def _has_days(self) -> Self:
        if self.eta_from is not None and self.eta_to is not None and self.eta_from > self.eta_to:
            raise ValueError("eta_from lies after eta_to, so that no day is meant; swap them")
        return self
