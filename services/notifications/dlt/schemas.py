"""Registered texts on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.notifications.dlt.models import DltClass
from services.notifications.dlt.registry import Match, Mismatch
from services.notifications.dlt.repository import TextRow

_LINES: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]+$"
_FACTS: Final[dict[str, Any]] = {
    "dlt_template_id": "1107161234567890123",
    "provider_template_id": "60e5a1b2c3d4e5f601234567",
    "entity_id": "1101234567890123456",
    "header": "WYBILL-S",
    "dlt_class": "SI",
    "text": "Dear customer, your order {#var#} is on its way. Track it: {#var#} - Waybill",
    "variables": ["order_number", "tracking_url"],
    "template_name": "order_shipped",
    "locale": "en",
    "active": True,
}
_TEXT: Final[dict[str, Any]] = {
    "id": "019a9f5e-0d00-7e21-b7c4-90ab12cd34ef",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    **_FACTS,
    "created_by": "ann",
    "created_at": "2026-11-20T06:00:00.120000Z",
    "updated_at": "2026-11-20T06:00:00.120000Z",
}

Variable = Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
TemplateName = Annotated[str, Field(max_length=100, pattern=r"^[a-z][a-z0-9_]*$")]
Locale = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")]


class DltTemplatePut(BaseModel):
    """All of a registered text."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FACTS]})

    dlt_template_id: str = Field(pattern=r"^[0-9]{6,30}$", description="The registry's id of the text (DLT_TE_ID).")
    provider_template_id: str = Field(pattern=r"^[A-Za-z0-9_-]{3,64}$", description="MSG91's own id of it.")
    entity_id: str = Field(pattern=r"^[0-9]{6,30}$", description="The registry's id of the sender (PE id).")
    header: str = Field(pattern=r"^[A-Za-z0-9]{3,9}(-[PSTG])?$", description="The sender id.")
    dlt_class: DltClass = Field(
        description="P promotional, SE service explicit, SI service implicit, T transactional. P and SE go out from 10 to 21 h."
    )
    text: str = Field(
        max_length=2000, pattern=_LINES, description="To the letter as registered, with `{#var#}` for what changes."
    )
    variables: list[Variable] = Field(
        default_factory=list, max_length=20, description="By MSG91's names, in the order of the placeholders."
    )
    template_name: TemplateName | None = Field(default=None, description="The template that makes this text; null for any.")
    locale: Locale | None = Field(default=None, description="Its language; null for any.")
    active: bool = Field(default=True, strict=True, description="Whether it may be sent.")

    def row(self) -> TextRow:
        """For the service."""
        facts = dict(self)
        return TextRow(**{**facts, "dlt_class": self.dlt_class.value, "variables": tuple(self.variables)})


class DltTemplateOut(BaseModel):
    """A registered text."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_TEXT]})

    id: UUID
    organization_id: UUID | None = Field(description="Whose it is; null for those that everybody may send.")
    dlt_template_id: str
    provider_template_id: str
    entity_id: str
    header: str
    dlt_class: DltClass
    text: str
    variables: list[str]
    template_name: str | None
    locale: str | None
    active: bool
    created_by: str
    created_at: datetime
    updated_at: datetime


class MatchRequest(BaseModel):
    """A text to try. Nothing is sent."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Dear customer, your order O-1001 is on its way. Track it: https://wb.example/t/1 - Waybill",
                    "template_name": "order_shipped",
                    "locale": "en",
                }
            ]
        },
    )

    text: str = Field(min_length=1, max_length=1600, pattern=_LINES.replace(r"\x0b-\x1f", r"\x0b\x0c\x0e-\x1f"))
    template_name: TemplateName | None = None
    locale: Locale | None = None


class MatchOut(BaseModel):
    """What would be sent over MSG91, or why nothing could be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "matched": True,
                    "dlt_template": "019a9f5e-0d00-7e21-b7c4-90ab12cd34ef",
                    "dlt_class": "SI",
                    "variables": {"order_number": "O-1001", "tracking_url": "https://wb.example/t/1"},
                    "reason": None,
                    "words": None,
                }
            ]
        }
    )

    matched: bool
    dlt_template: UUID | None = Field(description="The registered text that it is.")
    dlt_class: DltClass | None
    variables: dict[str, str] = Field(description="What it has for each variable.")
    reason: Literal["unregistered", "variable_too_long"] | None = Field(description="Why it matches none.")
    words: str | None = Field(description="The same for people, and how to mend it.")

    @classmethod
    def of(cls, found: Match | Mismatch) -> "MatchOut":
        """What the registry says."""
        if isinstance(found, Mismatch):
            return cls(matched=False, dlt_template=None, dlt_class=None, variables={}, reason=found.reason, words=found.words)
        variables = dict(found.template.variables)
        return cls(
            matched=True, dlt_template=found.text_id, dlt_class=found.dlt_class, variables=variables, reason=None, words=None
        )
