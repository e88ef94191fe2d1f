"""Statements on what the periods of orders have taken of earlier changes."""

import json
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.runtime.db import Session

_HOLD: Final = text("SELECT taken FROM subscription_periods WHERE order_id = :order_id AND status <> 'void' FOR NO KEY UPDATE")
_KEEP: Final = text("""
    UPDATE subscription_periods SET taken = CAST(:taken AS jsonb), version = version + 1 WHERE order_id = :order_id
""")
# Held in the order in which a settlement holds them.
_GIVE_BACK: Final = text("""
    WITH held AS (
        SELECT adjustment.id, row.amount_minor AS back_minor
          FROM subscription_adjustments AS adjustment
          JOIN unnest(CAST(:ids AS uuid[]), CAST(:amounts AS bigint[])) AS row(id, amount_minor) ON row.id = adjustment.id
         ORDER BY adjustment.id FOR UPDATE OF adjustment
    )
    UPDATE subscription_adjustments SET open_minor = open_minor - back_minor
      FROM held WHERE subscription_adjustments.id = held.id
""")


class TakenRepository:
    """Works in the session's unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def hold(self, order_id: UUID) -> dict[UUID, int]:
        """What an order's period has taken, by adjustment and with its sign; it is held. Nothing of one that is void."""
        taken = (await self._session.execute(_HOLD, {"order_id": order_id})).scalar_one_or_none()
        return {UUID(key): amount for key, amount in (taken or {}).items()}

    async def give_back(self, order_id: UUID, back: Mapping[UUID, int], kept: Mapping[UUID, int]) -> None:
        """back: what of each adjustment is open again. kept: what the period has taken from now on."""
        await self._session.execute(_GIVE_BACK, {"ids": list(back), "amounts": list(back.values())})
        taken = json.dumps({str(key): amount for key, amount in kept.items() if amount})
        await self._session.execute(_KEEP, {"order_id": order_id, "taken": taken})
