"""Templates on the wire."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.notifications.templates.models import Template, TemplateVersion, VersionState
from services.notifications.templates.sandbox import MAX_SOURCE_CHARS

_LOCALE: Final = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
_SOURCE: Final = r"^[^\x00]+$"
_TEXTS: Final[dict[str, Any]] = {
    "locale": "en",
    "subject": "{{ severity|capitalize }}: shipment {{ reference }}",
    "text": "It is {{ days_late|plural('day', 'days') }} late.",
    "html": None,
    "sample_context": {"severity": "high", "reference": "MAEU1234567", "days_late": 7},
}
_VERSION: Final[dict[str, Any]] = {
    **_TEXTS,
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "number": 4,
    "state": "draft",
    "created_by": "ann",
    "created_at": "2026-11-20T06:00:00.120000Z",
    "published_at": None,
}
_TEMPLATE: Final[dict[str, Any]] = {"name": "shipment_alert", "organization_id": None, "locales": ["de", "en"]}


class TemplateOut(BaseModel):
    """A template in short."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_TEMPLATE]})

    name: str
    organization_id: UUID | None = Field(description="Whose override it is; null for the default.")
    locales: list[str] = Field(description="The languages in which a version is published.")


class VersionOut(BaseModel):
    """One text in one language."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_VERSION]})

    organization_id: UUID | None = Field(description="Whose override it is; null for the default.")
    number: int = Field(description="Counted within the default, and within each override.")
    locale: str
    subject: str | None = Field(description="Null where an override leaves it to the default; so are text and html.")
    text: str | None
    html: str | None
    sample_context: dict[str, JsonValue]
    state: VersionState
    created_by: str
    created_at: datetime
    published_at: datetime | None = Field(description="The last time that it was published.")

    @classmethod
    def of(cls, organization_id: UUID | None, version: TemplateVersion) -> "VersionOut":
        """A version of the database."""
        columns = {name: getattr(version, name) for name in cls.model_fields if name != "organization_id"}
        return cls(organization_id=organization_id, **columns)


class TemplateVersions(BaseModel):
    """A template with its newest versions, the newest first: the default's, and the organization's own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "shipment_alert", "versions": [_VERSION]}]})

    name: str
    versions: list[VersionOut]

    @classmethod
    def of(cls, name: str, found: "list[tuple[Template, TemplateVersion]]") -> "TemplateVersions":
        """Rows of the database."""
        return cls(name=name, versions=[VersionOut.of(template.organization_id, version) for template, version in found])


class VersionCreate(BaseModel):
    """A draft. Jinja2 with the filters and blocks that the documentation lists."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TEXTS]})

    locale: str = Field(max_length=35, pattern=_LOCALE, description="A BCP 47 tag.")
    subject: str | None = Field(default=None, min_length=1, max_length=MAX_SOURCE_CHARS, pattern=_SOURCE)
    text: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_SOURCE_CHARS,
        pattern=_SOURCE,
        description="Made of the HTML where it is left out.",
    )
    html: str | None = Field(default=None, min_length=1, max_length=MAX_SOURCE_CHARS, pattern=_SOURCE)
    sample_context: dict[str, JsonValue] | None = Field(
        default=None, description="It must render with this; by default with the newest version's."
    )


class PreviewRequest(BaseModel):
    """What to render. Nothing is sent."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"locale": "de-AT", "time_zone": "Europe/Vienna", "version": None}]}
    )

    context: dict[str, JsonValue] | None = Field(default=None, description="By default the newest version's sample.")
    locale: str = Field(default="en", max_length=35, pattern=_LOCALE, description="The reader's.")
    time_zone: str = Field(default="UTC", max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", description="The reader's.")
    organization_id: UUID | None = Field(default=None, description="Whose override counts first.")
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="By default what is published.")


class Preview(BaseModel):
    """What a reader would get."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "version": 4,
                    "locale": "en",
                    "subject": "High: shipment MAEU1234567",
                    "text": "It is 7 days late.",
                    "html": None,
                }
            ]
        }
    )

    version: int
    locale: str = Field(description="The language of the text.")
    subject: str
    text: str
    html: str | None
