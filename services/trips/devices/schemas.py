"""Shapes of the devices API."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.trips.devices.models import Protocol
from services.trips.texts import ShortText

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,199}$", examples=["ravi/phone"])]
_OWNTRACKS: Final = re.compile(r"[^/]+/[^/]+")
_MIN_BARE: Final = 16


class DeviceIn(BaseModel):
    """A device to create."""

    model_config = ConfigDict(extra="forbid")

    vehicle_id: UUID = Field(description="Whose place it reports.")
    protocol: Protocol = Field(default="api", description="`osmand` is Traccar Client's, too.")
    identifier: Identifier = Field(
        description="What it calls itself: the id of OsmAnd and Traccar Client, `user/device` of OwnTracks. No two have the same."
    )
    label: ShortText | None = None
    token_required: bool = Field(
        default=True,
        strict=True,
        description="False for a client that cannot send a token: the identifier lets it in, so it must be hard to guess.",
    )

    @model_validator(mode="after")
    def fits_its_protocol(self) -> Self:
        """OwnTracks names a user and a device; what lets somebody in by itself is long."""
        if self.protocol == "owntracks" and not _OWNTRACKS.fullmatch(self.identifier):
            raise ValueError("identifier of an OwnTracks device is `user/device`, as its connection settings have them")
        if not self.token_required and len(self.identifier) < _MIN_BARE:
            raise ValueError(
                f"identifier of a device without a token must have {_MIN_BARE} characters at least, best random ones"
            )
        return self


class DeviceChange(BaseModel):
    """What is to change; what is left out stays, null empties."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"vehicle_id": "019a9f5e-2c00-7e21-b7c4-90ab12cd34ef"}]}
    )

    # Factories keep the defaults, which nobody reads, out of the documentation.
    vehicle_id: UUID = Field(default_factory=lambda: UUID(int=0))
    label: ShortText | None = Field(default_factory=lambda: None)

    def values(self) -> dict[str, Any]:
        """What was sent, by column."""
        return self.model_dump(exclude_unset=True)


class DeviceOut(BaseModel):
    """A device."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    organization_id: UUID
    vehicle_id: UUID
    protocol: Protocol
    identifier: str
    label: str | None
    token_required: bool
    version: int = Field(description="The entity tag's number.")
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | None = Field(description="Since when nothing that it reports is taken; null for one that may report.")


class DeviceWithToken(DeviceOut):
    """A device and its token, which is shown this once: only its hash is kept."""

    token: str = Field(examples=["wbd_Zk3…"])
