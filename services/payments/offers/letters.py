"""The mails by which manufacturers get offers."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.payments.matching.models import WaitingOrder
from services.payments.matching.policy_models import Policy
from services.payments.money.formatting import show
from services.payments.offers.contact_repository import Contact, ContactReader
from services.payments.offers.models import NewOffer
from services.payments.offers.service import subject_of
from services.payments.tax.states import STATES
from shared.contracts.money import Money
from shared.contracts.notifications import SendEmail
from shared.runtime.outbox import Publisher

ANSWER_PATH: Final = "/v1/offer-answers"
LINES_TOLD: Final = 100
"""The page behind the link has all of them."""


class OfferLetters:
    """Writes to manufacturers. backend_url: this API as they reach it."""

    def __init__(self, contacts: ContactReader, publisher: Publisher, backend_url: str) -> None:
        self._contacts = contacts
        self._publisher = publisher
        self._backend_url = backend_url.rstrip("/")

    async def send(self, offers: Sequence[NewOffer], orders: Mapping[UUID, WaitingOrder], policy: Policy) -> None:
        """Ask notifications to send each offer once, as long as it stands."""
        contacts = await self._contacts.of({offer.manufacturer_id for offer in offers})
        for offer in offers:
            self._publisher.publish(self._letter(offer, orders[offer.order_id], contacts[offer.manufacturer_id], policy))

    def _letter(self, offer: NewOffer, order: WaitingOrder, contact: Contact, policy: Policy) -> SendEmail:
        until = f"{offer.expires_at.astimezone(ZoneInfo(policy.time_zone)):%d %B %Y, %H:%M} ({policy.time_zone})"
        body = (
            f"To {contact.name}",
            "",
            f"We ask you to make the following of our order {order.number}:",
            "",
            *_lines(offer, order),
            "",
            f"In total {show(Money(amount_minor=offer.total_minor, currency=offer.currency))}, before tax.",
            f"Ready by {offer.ready_on:%d %B %Y}, {_destination(order)}.",
            "",
            f"Please accept or decline it by {until}:",
            f"{self._backend_url}{ANSWER_PATH}/{offer.token}",
            "",
            "An offer that has no answer by then lapses. The link is for you alone; whoever has it can answer for you.",
        )
        return SendEmail(
            to_email=contact.email,
            to_name=contact.name,
            subject=f"Offer for order {order.number}, to be answered by {until}",
            body="\n".join(body),
            organization_id=offer.organization_id,
            category="orders",
            dedupe_key=subject_of(offer.id),
            subject_key=subject_of(offer.id),
            valid_until=offer.expires_at,
        )


def _lines(offer: NewOffer, order: WaitingOrder) -> list[str]:
    told = [
        f"{line.quantity:,} x {order.names[line.line_number]} ({line.capability})"
        f" at {show(Money(amount_minor=line.unit_price_minor, currency=offer.currency))}"
        for line in offer.lines[:LINES_TOLD]
    ]
    more = len(offer.lines) - len(told)
    return [*told, f"and {more} more lines, which the link below shows"] if more else told


def _destination(order: WaitingOrder) -> str:
    state = STATES.get(order.demand.state_code or "")
    return f"for delivery to {state.name}" if state is not None else "for delivery to an address that the order names"
