"""How an organization's orders are matched: reading and publishing it."""

from uuid import UUID

from services.payments.manufacturers.models import MAX_ACTOR
from services.payments.manufacturers.repository import ManufacturerRepository
from services.payments.matching.errors import PolicyChanged
from services.payments.matching.policy_models import Policy, PolicyVersion
from services.payments.matching.policy_repository import PolicyRepository, policy_of
from services.payments.matching.policy_schemas import PolicyIn, PolicyOut, PolicyVersionOut


class Policies:
    """Publishes for an organization. by: who it is."""

    def __init__(
        self, policies: PolicyRepository, manufacturers: ManufacturerRepository, organization_id: UUID, *, by: str
    ) -> None:
        self._policies = policies
        self._manufacturers = manufacturers
        self._organization_id = organization_id
        self._by = by[:MAX_ACTOR]

    async def current(self) -> Policy:
        """What holds now."""
        return await self._policies.newest(self._organization_id)

    async def publish(self, known: Policy, new: PolicyIn) -> Policy:
        """The version after `known`, from now on; unmatched orders are tried by it. Raises PolicyChanged."""
        policy = new.policy(known.number + 1)
        if not await self._policies.publish(self._organization_id, policy, by=self._by):
            raise PolicyChanged("somebody else has published a version meanwhile; read it and decide anew")
        await self._manufacturers.tell(self._organization_id, None)
        return policy


def version_out(version: PolicyVersion) -> PolicyVersionOut:
    """A version as it is shown."""
    return PolicyVersionOut(
        **PolicyOut.of(policy_of(version)).model_dump(),
        organization_id=version.organization_id,
        published_at=version.published_at,
        published_by=version.published_by,
    )
