"""What an owner answered, and what is known of one that did not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Answer(Generic[M]):
    """One service's answer to one question.

    value: what it says now; None where it does not answer. problem: why it does not. last, last_at: what it said last, and when,
    for those who would rather see an old figure than none.
    """

    service: str
    asked_at: datetime
    took_ms: float
    value: M | None = None
    problem: str | None = None
    last: M | None = None
    last_at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether the figure is of now."""
        return self.value is not None
