"""Orders that have waited for too long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.matching.policy_models import Policy
from shared.runtime.db import Session

_TAKE_LATE: Final = text("""
    WITH newest AS MATERIALIZED (
        SELECT DISTINCT ON (organization_id) organization_id, alert_after_hours, alert_email FROM matching_policies
         ORDER BY organization_id, number DESC
    ), late AS (
        SELECT order_id, alert_email FROM order_matches LEFT JOIN newest USING (organization_id)
         WHERE state IN ('waiting', 'unmatched', 'offered') AND alerted_at IS NULL
           AND waiting_since <= CAST(:now AS timestamptz)
                                - make_interval(hours => coalesce(alert_after_hours, CAST(:usual_hours AS integer)))
         ORDER BY waiting_since, order_id LIMIT :limit FOR NO KEY UPDATE OF order_matches SKIP LOCKED
    ), told AS (
        UPDATE order_matches SET alerted_at = :now, updated_at = :now FROM late WHERE order_matches.order_id = late.order_id
        RETURNING order_matches.order_id, organization_id, state, reason, waiting_since, alert_email
    )
    SELECT told.organization_id, number, state, reason, waiting_since, alert_email
      FROM told JOIN orders ON orders.id = order_id ORDER BY waiting_since, order_id
""")


@dataclass(frozen=True, slots=True)
class LateOrder:
    """An order that nobody makes yet. alert_email: whom its organization wants to be told; None for nobody."""

    organization_id: UUID
    number: str
    state: str
    reason: str | None
    waiting_since: datetime
    alert_email: str | None


class AlertRepository:
    """Finds late orders."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_late(self, now: datetime, *, limit: int) -> Sequence[LateOrder]:
        """Those that have waited longer than their organization's policy allows, each once."""
        bound = {"now": now, "limit": limit, "usual_hours": Policy().alert_after_hours}
        return [LateOrder(**row) for row in (await self._session.execute(_TAKE_LATE, bound)).mappings()]
