"""Offers as the tests of their answers need them."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from services.payments.matching_deps import offer_expiry, offers
from services.payments.offers.service import Offers
from services.payments.tests.matching.arrange import NOW, have_maker, have_order, match, rows
from shared.runtime.db import Session

MONDAY: Final = date(2026, 3, 2)
LATER: Final = NOW + timedelta(days=1)
"""When an offer that was made at NOW lapses."""


async def have_offer(session: Session, *lines: tuple[str, int], makers: str = "AB") -> UUID:
    """An order of these lines that is offered to the first of these manufacturers, the others being next."""
    kinds = sorted({kind for kind, _ in lines}) or ["milling"]
    for number, code in enumerate(makers):
        await have_maker(session, code, kinds, unit_price_minor=10_000 + number)
    await have_order(session, *(lines or (("milling", 20),)), due_on=date(2026, 3, 20))
    await match(session)
    return await open_offer(session)


async def open_offer(session: Session) -> UUID:
    """The one offer that is open."""
    ((offer_id,),) = await rows(session, "SELECT id FROM match_offers WHERE status = 'open'")
    found: UUID = offer_id
    return found


async def order_of(session: Session) -> UUID:
    """The one order."""
    ((order_id,),) = await rows(session, "SELECT id FROM orders")
    found: UUID = order_id
    return found


def answering(session: Session) -> Offers:
    """Takes answers at NOW."""
    return offers(session, lambda: NOW)


async def expire(session: Session, *, at: Any = LATER) -> int:
    """What the clock does about offers."""
    return await offer_expiry(session).run(at)
