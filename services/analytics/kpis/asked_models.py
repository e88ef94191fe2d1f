"""What was asked of a KPI, as a name under which its answer is kept."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self, get_args
from uuid import UUID

from services.analytics.kpis.range_models import Grain, Range

_EVERYBODY: Final = "all"
_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """organization_id: None for all together."""

    key: str
    organization_id: UUID | None
    meant: Range

    @property
    def name(self) -> str:
        """The same for the same question."""
        whose = str(self.organization_id) if self.organization_id else _EVERYBODY
        return f"{self.key}/{whose}/{self.meant.first.isoformat()}/{self.meant.last.isoformat()}/{self.meant.grain}"

    @classmethod
    def of(cls, name: str) -> Self | None:
        """What a name was made of; None for what is none."""
        parts = name.split("/")
        if len(parts) != _PARTS or parts[4] not in get_args(Grain):
            return None
        grain: Any = parts[4]
        try:
            whose = None if parts[1] == _EVERYBODY else UUID(parts[1])
            return cls(parts[0], whose, Range(date.fromisoformat(parts[2]), date.fromisoformat(parts[3]), grain))
        except ValueError:
            return None
