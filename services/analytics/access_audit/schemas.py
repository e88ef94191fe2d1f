"""Shapes of the access audit."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from services.analytics.access_audit.checkpoint_models import Checkpoint
from shared.runtime.operations.audit.schemas import AuditProof


class CheckpointOut(BaseModel):
    """Where the chain was when older lines were let go of."""

    through_id: int = Field(description="The newest line that was let go of.")
    through_chain: str = Field(description="Its hash, in hex.")
    lines: int
    made_at: datetime
    kid: str
    signature: str = Field(description="A JWS over the others: keep it elsewhere, and nobody can rewrite what came before.")
    signed: bool = Field(description="Whether a key of ours has signed just this.")

    @classmethod
    def of(cls, checkpoint: Checkpoint, *, signed: bool) -> Self:
        """As it is shown."""
        return cls(
            through_id=checkpoint.through_id,
            through_chain=checkpoint.through_chain.hex(),
            lines=checkpoint.lines,
            made_at=checkpoint.made_at,
            kid=checkpoint.kid,
            signature=checkpoint.signature,
            signed=signed,
        )


class AuditProofWithCheckpoints(AuditProof):
    """Whether the audit is as it was written, its let-go part by its checkpoints."""

    checkpoints: list[CheckpointOut]
