"""A checkpoint of the audit: where the chain was when older lines were let go of, signed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One. through_id, through_chain: the newest line that was let go of, and its hash. lines: how many went."""

    id: UUID
    through_id: int
    through_chain: bytes
    lines: int
    made_at: datetime
    kid: str
    signature: str

    def payload(self) -> dict[str, Any]:
        """What is signed."""
        return payload(self.id, self.through_id, self.through_chain, self.lines, self.made_at)


def payload(checkpoint_id: UUID, through_id: int, through_chain: bytes, lines: int, made_at: datetime) -> dict[str, Any]:
    """What is signed of a checkpoint."""
    return {
        "id": str(checkpoint_id),
        "through_id": through_id,
        "through_chain": through_chain.hex(),
        "lines": lines,
        "made_at": made_at.isoformat(),
    }
