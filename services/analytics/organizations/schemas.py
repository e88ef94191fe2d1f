"""Shapes of the organizations API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.access_fields import Name, Reason
from services.analytics.organizations.models import Status


class OrganizationIn(BaseModel):
    """An organization to create."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(examples=["Nordlicht Handels GmbH"])
    id: UUID | None = Field(default=None, description="Where another system has one for it already; a new one is made otherwise.")


class OrganizationChange(BaseModel):
    """What is to change."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Nordlicht SE"}]})

    name: Name = Field(default_factory=lambda: "-")

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class Why(BaseModel):
    """The reason of a change, kept in the audit."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason = Field(examples=["invoices of three months are open"])


class OrganizationOut(BaseModel):
    """An organization."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    status: Status = Field(description="Whoever is bound to a suspended one is refused by every service.")
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    changed_at: datetime
