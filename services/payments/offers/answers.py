"""Answers that manufacturers give themselves, by the link in their mail."""

from services.payments.offers.answer_pages import Page, offer_page, unknown_page
from services.payments.offers.answer_repository import AnswerReader
from services.payments.offers.errors import ManufacturerBlocked, OfferEnded
from services.payments.offers.schemas import AnswerForm
from services.payments.offers.service import Offers
from shared.runtime.clock import Clock

NO_REASON = "no reason given"


class AnswerPages:
    """Shows offers to whoever has their links."""

    def __init__(self, reader: AnswerReader, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    async def show(self, token: str, *, status: int = 200) -> Page:
        """The offer as it stands; a page that says so where the link is none."""
        offer = await self._reader.find(token)
        if offer is None:
            return unknown_page()
        return offer_page(offer, await self._reader.lines(offer.id), self._clock(), status=status)


class Answers:
    """Takes answers, in the unit of work of its parts."""

    def __init__(self, pages: AnswerPages, reader: AnswerReader, offers: Offers, clock: Clock) -> None:
        self._pages = pages
        self._reader = reader
        self._offers = offers
        self._clock = clock

    async def take(self, token: str, form: AnswerForm) -> Page:
        """Accept or decline, and show how the offer stands then; with 409 where it does not stand any more."""
        offer = await self._reader.find(token)
        if offer is None:
            return unknown_page()
        by, now = f"manufacturer:{offer.manufacturer_id}", self._clock()
        try:
            if form.answer == "accept":
                await self._offers.accept(offer.id, None, by=by, at=now)
            else:
                await self._offers.decline(offer.id, None, reason=form.reason or NO_REASON, by=by, at=now)
        except (OfferEnded, ManufacturerBlocked):
            return await self._pages.show(token, status=409)
        return await self._pages.show(token)
