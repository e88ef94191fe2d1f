"""Proving the audit with its checkpoints, and letting go of lines that are old enough."""

from datetime import datetime

from services.analytics.access_audit.checkpoint_models import Checkpoint, payload
from services.analytics.access_audit.errors import AuditNotSound
from services.analytics.access_audit.repository import CheckpointReader, CheckpointRepository
from services.analytics.access_audit.schemas import AuditProofWithCheckpoints, CheckpointOut
from services.analytics.access_audit.signatures import is_signed, sign
from services.analytics.signing_keys.service import SigningKeys
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog, AuditRepository
from shared.runtime.operations.audit.schemas import AuditProof


class AuditProving:
    """Reads."""

    def __init__(self, audit: AuditRepository, checkpoints: CheckpointReader) -> None:
        self._audit = audit
        self._checkpoints = checkpoints

    async def prove(self) -> AuditProofWithCheckpoints:
        """Lines by their hashes, checkpoints by their signatures."""
        proof = AuditProof.of(await self._audit.verify())
        known = await self._checkpoints.all()
        keys = await self._checkpoints.public_keys(sorted({one.kid for one in known}))
        shown = [
            CheckpointOut.of(one, signed=one.kid in keys and is_signed(one.signature, keys[one.kid], one.payload()))
            for one in known
        ]
        forged = next((one for one in shown if not one.signed), None)
        if proof.intact and forged is not None:
            problem = f"the checkpoint of line {forged.through_id} was not signed by a key of ours"
            proof = proof.model_copy(update={"intact": False, "problem": problem})
        return AuditProofWithCheckpoints(**proof.model_dump(), checkpoints=shown)


class AuditRetention:
    """Works in one unit of work."""

    def __init__(
        self,
        proving: AuditProving,
        checkpoints: CheckpointRepository,
        keys: SigningKeys,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._proving = proving
        self._checkpoints = checkpoints
        self._keys = keys
        self._audit = audit
        self._clock = clock

    async def let_go(self, before: datetime) -> Checkpoint | None:
        """Let go of lines of before then, under a signed checkpoint; None where there are none.

        Raises AuditNotSound, and LoginsNotSetUp where there is no key to sign with.
        """
        old = await self._checkpoints.older_than(before)
        if old is None:
            return None
        proof = await self._proving.prove()
        if not proof.intact:
            raise AuditNotSound(f"nothing was let go of, because {proof.problem}; see docs/runbooks/audit.md")
        through_id, chain, lines = old
        checkpoint_id, now, private = uuid7(), self._clock(), await self._keys.private()
        signature = sign(private, payload(checkpoint_id, through_id, chain, lines, now))
        made = Checkpoint(checkpoint_id, through_id, chain, lines, now, str(private["kid"]), signature)
        await self._checkpoints.let_go(made)
        await self._audit.write("access.audit_let_go", f"checkpoint:{made.id}", "retention", through_id=through_id, lines=lines)
        return made
