"""Shapes of the operators API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.analytics.access_fields import Email, Name
from services.analytics.operators.models import Role


class OperatorIn(BaseModel):
    """An operator to create."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    name: Name = Field(examples=["Ann Lee"])
    role: Role
    organization_id: UUID | None = Field(
        default=None, description="Whose rows alone the operator sees; null for everybody's. Whoever is bound to one implies it."
    )


class OperatorChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "viewer"}]})

    name: Name = Field(default_factory=lambda: "-")
    role: Role = Field(default_factory=lambda: "viewer")
    disabled: bool = Field(default_factory=lambda: False, strict=True, description="True lets the operator in no more.")

    def values(self) -> dict[str, Any]:
        """What was sent, by name."""
        return self.model_dump(exclude_unset=True)


class OperatorOut(BaseModel):
    """An operator."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID | None
    email: str
    name: str
    role: Role
    password_once: bool = Field(description="Has still to choose a password.")
    disabled_at: datetime | None
    last_login_at: datetime | None
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime


class OperatorWithPassword(OperatorOut):
    """An operator and a password that is shown this once, and is good for nothing but choosing another one."""

    one_time_password: str = Field(examples=["k3v9x-0a1b2-c3d4e-5f6g7"])
    password_until: datetime
