"""The suppression list on the wire."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from services.notifications.suppressions.models import Reason, Scope
from shared.contracts.message import UtcDatetime

Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
Address = Annotated[str, StringConstraints(min_length=3, max_length=320, pattern=r"^[^\x00-\x20\x7f]+$")]
CategoryName = Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z][a-z0-9_]*$")]
Channel = Literal["email", "sms"]

_ENTRY: dict[str, JsonValue] = {
    "channel": "email",
    "address": "ann@example.com",
    "scope": "organization",
    "reason": "manual",
    "category": None,
    "note": "asked by telephone on 20 November",
    "expires_at": None,
}
_KEPT: dict[str, JsonValue] = {
    **_ENTRY,
    "id": "019a9f5e-7d10-7c55-8f00-2b1e4c9d3a77",
    "organization_id": "019a9f5e-0b00-7e21-b7c4-90ab12cd34ef",
    "source": "api",
    "created_by": "user:ann",
    "created_at": "2026-11-20T06:00:19.480000Z",
}


class SuppressionCreate(BaseModel):
    """Who is not to be written to any more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ENTRY]})

    channel: Channel
    address: Address = Field(description="An e-mail address, or a number as +, country code and digits.")
    scope: Scope = Field(
        Scope.ORGANIZATION,
        description="`global`: whatever is sent. `organization`: what is sent for one. `category`: of that, one category.",
    )
    category: CategoryName | None = Field(None, description="With the scope `category`, and only then.")
    reason: Reason = Field(
        Reason.MANUAL,
        description="What it stops; `hard_bounce`, `invalid_number`, `opted_out` have the scope `global`. `do_not_call` is of"
        " numbers and stops marketing.",
    )
    note: Annotated[Line, StringConstraints(max_length=500)] | None = Field(None, description="One line, for people.")
    expires_at: UtcDatetime | None = Field(None, description="When it ends by itself; never for hard bounces and STOP.")


class SuppressionOut(BaseModel):
    """An entry of the list."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_KEPT]})

    id: UUID
    channel: Channel
    address: str | None = Field(description="Null once its owner was erased; it goes on to be recognised.")
    scope: Scope
    organization_id: UUID | None = Field(description="Whose messages; null for everybody's, or those of no organization.")
    category: str | None
    reason: Reason
    source: str = Field(description="Who has told us: a provider, `api`, `import`, `policy` or a page.")
    note: str | None
    expires_at: datetime | None
    created_by: str
    created_at: datetime


class RowProblem(BaseModel):
    """What is wrong with a row of a file."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Counted from 1; the header is a line, too.", examples=[17])
    column: str | None = Field(description="Null where the row as a whole is wrong.", examples=["address"])
    reason: str = Field(examples=["is no e-mail address"])


class ImportReport(BaseModel):
    """What became of a file: rows = added + known + rejected."""

    rows: int = Field(description="Rows with anything in them, without the header.", examples=[100])
    added: int = Field(examples=[90])
    known: int = Field(description="Rows whose entry was there before, or that repeat another row.", examples=[8])
    rejected: int = Field(
        description="Rows that were left out: what has expired or names nobody, and with `skip_bad_rows` bad ones.", examples=[2]
    )
    problems: list[RowProblem] = Field(description="The first 1,000, in the order of the file.")
    problems_left_off: int = Field(examples=[0])
