"""Templates on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.notifications.templates.lint import Warned
from services.notifications.templates.models import PARTS, Template, TemplateVersion, VersionState
from services.notifications.templates.sandbox import MAX_SOURCE_CHARS
from services.notifications.templates.variables import MAX_VARIABLES, NAME, Variable

LOCALE: Final = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
MAX_SHORT_SOURCE_CHARS: Final = 8000
_SOURCE: Final = r"^[^\x00]+$"

Source = Annotated[str, Field(min_length=1, max_length=MAX_SOURCE_CHARS, pattern=_SOURCE)]
ShortSource = Annotated[str, Field(min_length=1, max_length=MAX_SHORT_SOURCE_CHARS, pattern=_SOURCE)]
_TEXTS: Final[dict[str, Any]] = {
    "locale": "en",
    "subject": "{{ severity|capitalize }}: shipment {{ reference }}",
    "text": "It is {{ days_late|plural('day', 'days') }} late.",
    "html": None,
    "sms": "{{ reference }} is {{ days_late|plural('day', 'days') }} late.",
    "push_title": "{{ reference }} is late",
    "push_body": "It is {{ days_late|plural('day', 'days') }} late.",
    "variables": {
        "severity": {"type": "string", "required": True, "description": "critical, high, warning or info"},
        "reference": {"type": "string", "required": True, "description": "The shipment's, as people know it."},
        "days_late": {"type": "integer", "required": True, "description": "Counted from the promised day."},
    },
    "sample_context": {"severity": "high", "reference": "MAEU1234567", "days_late": 7},
}
_VERSION: Final[dict[str, Any]] = {
    **_TEXTS,
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    "number": 4,
    "based_on": 11,
    "category": "alerts",
    "state": "draft",
    "created_by": "ann",
    "created_at": "2026-11-20T06:00:00.120000Z",
    "published_at": None,
}
_WARNING: Final[dict[str, Any]] = {
    "code": "sms_long",
    "part": "sms",
    "message": "with the sample it takes 2 segments (gsm7), each of which is paid for",
}
_INCOMPLETE: Final[dict[str, Any]] = {
    "code": "override_incomplete",
    "part": None,
    "message": "the override of the organization 019a9f5e-0a00-7e21-b7c4-90ab12cd34ef in en (version 4) had from it what …",
}
_TEMPLATE: Final[dict[str, Any]] = {"name": "shipment_alert", "organization_id": None, "locales": ["de", "en"]}


class TemplateOut(BaseModel):
    """A template in short."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_TEMPLATE]})

    name: str
    organization_id: UUID | None = Field(description="Whose override it is; null for the default.")
    locales: list[str] = Field(description="The languages in which a version is published.")


class VersionOut(BaseModel):
    """The texts of one language."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_VERSION]})

    organization_id: UUID | None = Field(description="Whose override it is; null for the default.")
    number: int = Field(description="Counted within the default, and within each override.")
    locale: str
    subject: str | None = Field(description="Null where an override leaves it to the default; so are the other parts.")
    text: str | None
    html: str | None
    sms: str | None
    push_title: str | None = Field(description="Of the item in the in-app inbox.")
    push_body: str | None
    variables: dict[str, Variable] = Field(description="What this version declares; an override adds to what the default does.")
    sample_context: dict[str, JsonValue]
    based_on: int | None = Field(description="Of an override: the default's version that it was written over.")
    category: str | None = Field(description="What it is sent as, where its author has said so.")
    state: VersionState
    created_by: str
    created_at: datetime
    published_at: datetime | None = Field(description="The last time that it was published.")

    @classmethod
    def of(cls, organization_id: UUID | None, version: TemplateVersion) -> "VersionOut":
        """A version of the database."""
        columns = {name: getattr(version, name) for name in cls.model_fields if name != "organization_id"}
        return cls(organization_id=organization_id, **columns)


class WarningOut(BaseModel):
    """What is questionable about a draft."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    part: str | None = Field(description=f"One of {', '.join(PARTS)}; null for the whole version.")
    message: str


class DraftOut(VersionOut):
    """A draft, and what should be looked at before it is published."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [{**_VERSION, "warnings": [_WARNING]}]})

    warnings: list[WarningOut]

    @classmethod
    def warned(cls, organization_id: UUID | None, version: TemplateVersion, warnings: Sequence[Warned]) -> "DraftOut":
        """A version of the database."""
        shown = VersionOut.of(organization_id, version)
        return cls(**dict(shown), warnings=[WarningOut.model_validate(one) for one in warnings])


class RetiredOut(VersionOut):
    """A version that is sent no more, and whose overrides that leaves without what they need."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{**_VERSION, "state": "retired", "warnings": [_INCOMPLETE]}]}
    )

    warnings: list[WarningOut]

    @classmethod
    def warned(cls, organization_id: UUID | None, version: TemplateVersion, warnings: Sequence[Warned]) -> "RetiredOut":
        """A version of the database."""
        shown = VersionOut.of(organization_id, version)
        return cls(**dict(shown), warnings=[WarningOut.model_validate(one) for one in warnings])


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

    locale: str = Field(max_length=35, pattern=LOCALE, description="A BCP 47 tag.")
    subject: Source | None = None
    text: Source | None = Field(default=None, description="Made of the HTML where it is left out.")
    html: Source | None = None
    sms: ShortSource | None = Field(default=None, description="Becomes at most 1,600 characters.")
    push_title: ShortSource | None = None
    push_body: ShortSource | None = None
    variables: dict[Annotated[str, Field(pattern=NAME)], Variable] | None = Field(
        default=None, max_length=MAX_VARIABLES, description="By default those of the newest version."
    )
    sample_context: dict[str, JsonValue] | None = Field(
        default=None, description="It must render with this; by default with the newest version's."
    )
    category: str | None = Field(
        default=None,
        max_length=50,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="What it is sent as: `marketing` needs a link by which it is declined, and a category that can be declined.",
    )


class DriftOut(BaseModel):
    """A published override whose default says something else than when it was written."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "order_shipped",
                    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
                    "locale": "en",
                    "number": 3,
                    "based_on": 1,
                    "current": 4,
                    "moved_at": "2026-11-20T06:00:00.120000Z",
                    "changed": ["subject", "html"],
                    "overridden": ["subject"],
                }
            ]
        },
    )

    name: str
    organization_id: UUID = Field(description="Whose override it is.")
    locale: str
    number: int = Field(description="Of the override's published version.")
    based_on: int | None = Field(description="The default's version at the time; null where there was none.")
    current: int | None = Field(description="The default's version now; null where it was retired and nothing took its place.")
    moved_at: datetime | None = Field(description="When that one was published.")
    changed: list[str] = Field(description="Parts in which the two differ.")
    overridden: list[str] = Field(description="Those of them that readers do not see, because the override has its own.")
