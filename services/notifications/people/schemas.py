"""People on the wire."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_FACTS: Final[dict[str, Any]] = {
    "name": "Asha Rao",
    "email": "asha.rao@example.com",
    "phone": "+919812345678",
    "locale": "en-IN",
    "time_zone": "Asia/Kolkata",
}
_PERSON: Final[dict[str, Any]] = {
    "reference": "trips.driver:019a9f5e-0b00-7e21-b7c4-90ab12cd34ef",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    **_FACTS,
    "entity_version": 3,
    "updated_at": "2026-11-20T06:00:00.120000Z",
}


class PersonOut(BaseModel):
    """Somebody who is told things."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_PERSON]})

    reference: str = Field(description="`<service>.<kind>:<id>`, as the owner names the person.")
    organization_id: UUID | None
    name: str | None
    email: str | None
    phone: str | None = Field(description="E.164.")
    locale: str | None = Field(description="A BCP 47 tag.")
    time_zone: str | None = Field(description="A name of the IANA database.")
    entity_version: int = Field(description="The owner's count of changes; 0 while the owner has said nothing.")
    updated_at: datetime


class PersonPut(BaseModel):
    """All that is known of a person; what is left out is forgotten."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FACTS]})

    name: str | None = Field(default=None, max_length=200, pattern=r"^[^\x00-\x1f]+$")
    email: str | None = Field(default=None, max_length=320, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
    phone: str | None = Field(default=None, max_length=32, pattern=r"^\+[0-9 ()./-]+$")
    locale: str | None = Field(default=None, max_length=35, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")
    time_zone: str | None = Field(default=None, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")
