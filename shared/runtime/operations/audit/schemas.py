"""The audit as its readers see it."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from shared.runtime.operations.schemas import Shown
from shared.runtime.operations.tables import AnyRow


class AuditLine(Shown):
    """One change that somebody made."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    reason: str | None
    details: dict[str, Any]
    undo_id: UUID | None


class AuditProof(Shown):
    """Whether the audit is as it was written: each line holds a hash over itself and the line before."""

    intact: bool
    problem: str | None = Field(
        description="What is wrong; null where nothing is.", examples=["line 17 was changed or taken out"]
    )
    lines: int = Field(description="That were looked at.")
    unchained: int = Field(description="From before lines were chained: nothing can be said of them.")
    first_id: int | None
    last_id: int | None

    @classmethod
    def of(cls, found: AnyRow) -> Self:
        """In words."""
        problem = None
        if found.broken_id is not None:
            problem = f"line {found.broken_id} was changed, or what stood before it was taken out"
        elif not found.begins_well:
            problem = f"what stood before line {found.first_id} was taken out without a checkpoint"
        elif not found.ends_well:
            problem = f"the newest lines, up to {found.head_id}, were taken out"
        return cls(
            intact=problem is None,
            problem=problem,
            lines=found.lines,
            unchained=found.unchained,
            first_id=found.first_id,
            last_id=found.last_id,
        )
