"""Categories on the wire."""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.notifications.categories.models import LegalClass

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FACTS: Final[dict[str, Any]] = {"legal_class": "service", "title": "Customs tips", "title_hi": "सीमा शुल्क सुझाव"}
_CATEGORY: Final[dict[str, Any]] = {
    "name": "customs_tips",
    "organization_id": "019a9f5e-0a00-7e21-b7c4-90ab12cd34ef",
    **_FACTS,
}


def one_line(value: str) -> str:
    """Visible text of one line, without blanks around it."""
    if _CONTROLS.search(value) or not value.strip():
        raise ValueError("must be one line of visible characters")
    return value.strip()


Title = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(one_line)]


class CategoryOut(BaseModel):
    """What messages are about."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CATEGORY]})

    name: str = Field(description="As messages name it.")
    organization_id: UUID | None = Field(description="Whose own it is; null for one that Waybill brings along.")
    legal_class: LegalClass = Field(
        description="`transactional` cannot be declined, `service` can, and so can `marketing`, which says how in each message."
    )
    title: str = Field(description="As people read it, in English.")
    title_hi: str | None = Field(description="In Hindi; in English where it is null.")


class CategoryPut(BaseModel):
    """A category of an organization's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FACTS]})

    legal_class: LegalClass = Field(description="It cannot be changed afterwards.")
    title: Title
    title_hi: Title | None = None
