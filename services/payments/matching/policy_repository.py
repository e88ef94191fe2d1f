"""Reading and publishing how organizations' orders are matched."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.payments.matching.policy_models import TERMS, Policy, PolicyVersion, Weights
from shared.runtime.db import ReadSession, Session

# The number is the lock: of two who publish at once, the later one is refused by the primary key.
_PUBLISH: Final = text("""
    INSERT INTO matching_policies (organization_id, number, price_weight, lead_time_weight, distance_weight, quality_weight,
           on_time_weight, load_weight, distance_limit_km, most_manufacturers, offer_minutes, horizon_days, matches_from,
           alert_after_hours, alert_email, time_zone, published_by)
    VALUES (:organization_id, :number, :price_weight, :lead_time_weight, :distance_weight, :quality_weight, :on_time_weight,
            :load_weight, :distance_limit_km, :most_manufacturers, :offer_minutes, :horizon_days, :matches_from,
            :alert_after_hours, :alert_email, :time_zone, :published_by)
    ON CONFLICT DO NOTHING RETURNING number
""")


class PolicyReader:
    """Reads."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def newest(self, organization_id: UUID) -> Policy:
        """What holds for an organization; the defaults where it has published nothing."""
        query = select(PolicyVersion).where(PolicyVersion.organization_id == organization_id)
        found = (await self._session.scalars(query.order_by(PolicyVersion.number.desc()).limit(1))).one_or_none()
        return policy_of(found) if found is not None else Policy()

    async def versions(self, organization_id: UUID, *, before: int | None, limit: int) -> Sequence[PolicyVersion]:
        """What it has published, the newest first; from before version `before` on."""
        query = select(PolicyVersion).where(PolicyVersion.organization_id == organization_id)
        if before is not None:
            query = query.where(PolicyVersion.number < before)
        return (await self._session.scalars(query.order_by(PolicyVersion.number.desc()).limit(limit))).all()


class PolicyRepository(PolicyReader):
    """Writes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writer = session

    async def publish(self, organization_id: UUID, policy: Policy, *, by: str) -> bool:
        """Write a version; False when somebody else has published that number."""
        written = await self._writer.scalar(_PUBLISH, _columns(policy) | {"organization_id": organization_id, "published_by": by})
        return written is not None


def policy_of(version: PolicyVersion) -> Policy:
    """What a version says."""
    return Policy(
        number=version.number,
        weights=Weights(**{term: getattr(version, f"{term}_weight") for term in TERMS}),
        distance_limit_km=version.distance_limit_km,
        most_manufacturers=version.most_manufacturers,
        offer_minutes=version.offer_minutes,
        horizon_days=version.horizon_days,
        matches_from=version.matches_from,
        alert_after_hours=version.alert_after_hours,
        alert_email=version.alert_email,
        time_zone=version.time_zone,
    )


def _columns(policy: Policy) -> dict[str, Any]:
    plain = {name: getattr(policy, name) for name in policy.__slots__ if name != "weights"}
    return plain | {f"{term}_weight": getattr(policy.weights, term) for term in TERMS}
