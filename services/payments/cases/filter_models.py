"""Which cases are meant."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.payments.cases.models import CaseState

Kind = Annotated[str, Field(max_length=40, pattern="^[a-z_]+$")]


class CaseFilter(BaseModel):
    """A case is meant when it meets all that is named."""

    model_config = ConfigDict(frozen=True)

    state: CaseState | None = Field(None, description="Only those that are so.")
    kind: Kind | None = Field(None, description="Only those of this kind, such as `amount_mismatch`.")
    owner: str | None = Field(None, max_length=200, description="Only those that this person has.")
    payment_id: UUID | None = Field(None, description="Only those about this payment of ours.")
    entity_id: str | None = Field(None, max_length=200, description="Only those about this id of a gateway's.")
