"""SMS as a channel: from a letter to what an SMS provider takes."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

from services.notifications.deliveries.attempt_repository import AttemptReader
from services.notifications.deliveries.channels import BEGIN_S, Attempt, Fitting, in_turn
from services.notifications.deliveries.letters import Letter
from services.notifications.dlt.registry import Match, Registry, SmsText
from services.notifications.providers.answers import Answer
from services.notifications.providers.carriers import Carrier
from services.notifications.sms.price_models import Price
from services.notifications.sms.prices import PriceList
from services.notifications.sms.provider import DltTemplate, OutgoingSms
from services.notifications.sms.segments import count
from shared.runtime.db import Session

INDIA: Final = "+91"
REGISTERED_ONLY: Final = frozenset({"msg91"})
"""Providers that send nothing but texts that are registered with DLT."""
MAX_VALID_S: Final = 36_000
"""The longest that Twilio takes; what is due later is of no use as an SMS."""


@runtime_checkable
class Resolves(Protocol):
    """A provider that can say whether it has an SMS of unknown fate. None: it has not."""

    async def resolve(self, sms: OutgoingSms, since: datetime) -> Answer | None: ...


class SmsChannel:
    """registry: of the texts that Indian networks know. prices: to estimate costs by. domain: an SMS has no Message-ID."""

    name = "sms"
    domain = ""
    comes_back = True

    def __init__(self, registry: Registry, prices: PriceList) -> None:
        self._registry = registry
        self._prices = prices

    async def unfit(self, session: Session, asked: Sequence[Fitting]) -> Mapping[UUID, Set[str]]:
        texts = [_text(one) for one in asked if not REGISTERED_ONLY.isdisjoint(one.kinds)]
        found = await self._registry.matches(session, texts) if texts else {}
        return {key: REGISTERED_ONLY for key, one in found.items() if not isinstance(one, Match)}

    async def outgoing(
        self, session: Session, attempts: Sequence[tuple[Attempt, Carrier[OutgoingSms]]]
    ) -> Mapping[UUID, OutgoingSms]:
        of_india = [
            one for one, carrier in attempts if carrier.kind in REGISTERED_ONLY or one.letter.to.address.startswith(INDIA)
        ]
        found = await self._registry.matches(session, [_text(one) for one in of_india]) if of_india else {}
        texts = {key: one.template for key, one in found.items() if isinstance(one, Match)}
        unknown = [one for one, _ in attempts if one.unknown_since is not None]
        taken = await AttemptReader(session).message_ids_beside([one.delivery_id for one in unknown]) if unknown else {}
        return {
            one.delivery_id: self._outgoing(one, texts.get(one.delivery_id), taken.get(one.delivery_id, frozenset()))
            for one, _ in attempts
        }

    def _outgoing(self, attempt: Attempt, dlt: DltTemplate | None, taken: frozenset[str]) -> OutgoingSms:
        return OutgoingSms(
            delivery_id=attempt.delivery_id,
            attempt=attempt.number,
            to=attempt.letter.to.address,
            body=attempt.letter.text,
            valid_for_s=_valid_for_s(attempt),
            sender=dlt.header if dlt is not None else None,
            dlt=dlt,
            taken=taken,
        )

    def latest_start_s(self, _: Attempt) -> float:
        return BEGIN_S

    async def prepared(self, _: Attempt, outgoing: OutgoingSms) -> OutgoingSms:
        return outgoing

    async def send(self, attempt: Attempt, outgoing: OutgoingSms, carrier: Carrier[OutgoingSms]) -> Answer:
        provider = carrier.provider
        if attempt.unknown_since is not None and not attempt.urgent and isinstance(provider, Resolves):
            # Asked for with what the earlier attempt has sent, before anything is sent again.
            known = await provider.resolve(outgoing, attempt.unknown_since)
            if known is not None:
                return known
        return await in_turn(carrier, outgoing)

    def segments(self, letter: Letter) -> int | None:
        return count(letter.text).segments

    def estimate(self, letter: Letter) -> Price | None:
        return self._prices.estimate(letter.to.address, count(letter.text).segments)

    async def close(self) -> None:
        """Nothing is open."""


def _text(one: Attempt | Fitting) -> SmsText:
    message, letter = one.message, one.letter
    name = getattr(message, "template_name", None)
    return SmsText(one.delivery_id, message.organization_id, name, letter.to.locale, letter.text)


def _valid_for_s(attempt: Attempt) -> int | None:
    if attempt.message.valid_until is None:
        return None
    left = attempt.message.valid_until - attempt.now
    return max(1, min(MAX_VALID_S, left // timedelta(seconds=1)))
