"""Which transactions are meant."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class TransactionFilter(BaseModel):
    """A transaction is meant when it meets all that is named."""

    model_config = ConfigDict(frozen=True)

    source: str | None = Field(
        None, max_length=40, description="Only those that follow from this kind of thing, such as `capture`."
    )
    source_id: str | None = Field(None, max_length=200, description="Only those that follow from the thing with this id.")
    reverses: UUID | None = Field(None, description="Only the one that undoes this transaction.")
