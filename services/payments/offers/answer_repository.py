"""What a manufacturer is shown of an offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from services.payments.offers.models import OfferStatus
from services.payments.offers.repository import hash_of
from shared.runtime.db import ReadSession

_SHOWN: Final = text("""
    SELECT match_offers.id, match_offers.organization_id, manufacturer_id, manufacturers.name AS manufacturer,
           orders.number AS order_number, match_offers.status, match_offers.currency, match_offers.total_minor, ready_on,
           expires_at, coalesce((SELECT time_zone FROM matching_policies AS policy
                                  WHERE policy.organization_id = match_offers.organization_id
                                  ORDER BY policy.number DESC LIMIT 1), :usual_zone) AS time_zone
      FROM match_offers
      JOIN manufacturers ON manufacturers.id = manufacturer_id JOIN orders ON orders.id = order_id
     WHERE token_hash = :token_hash
""")
_LINES: Final = text("""
    SELECT coalesce(order_lines.name, asked.capability) AS name, asked.capability, asked.quantity, asked.unit_price_minor
      FROM match_offer_lines AS asked
      LEFT JOIN order_lines ON order_lines.order_id = asked.order_id AND number = line_number
     WHERE offer_id = :offer_id ORDER BY line_number
""")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of an offer."""

    name: str
    capability: str
    quantity: int
    unit_price_minor: int


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer as its manufacturer sees it. time_zone: of the organization that asks."""

    id: UUID
    organization_id: UUID
    manufacturer_id: UUID
    manufacturer: str
    order_number: str
    status: OfferStatus
    currency: str
    total_minor: int
    ready_on: date
    expires_at: datetime
    time_zone: str


class AnswerReader:
    """Reads. usual_zone: of organizations that have published no policy."""

    def __init__(self, session: ReadSession, usual_zone: str) -> None:
        self._session = session
        self._usual_zone = usual_zone

    async def find(self, token: str) -> ShownOffer | None:
        """The offer that a secret opens."""
        bound = {"token_hash": hash_of(token), "usual_zone": self._usual_zone}
        row = (await self._session.execute(_SHOWN, bound)).mappings().one_or_none()
        return ShownOffer(**row) if row is not None else None

    async def lines(self, offer_id: UUID) -> Sequence[ShownLine]:
        """What is asked for."""
        rows = await self._session.execute(_LINES, {"offer_id": offer_id})
        return [ShownLine(**row) for row in rows.mappings()]
