"""After charges: how the calls have ended and what gateways have said, in the unit of work that settles the messages."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.payments.attempts.models import DeclineNote, End
from services.payments.attempts.repository import AttemptRepository
from services.payments.attempts.work import ChargeWork
from services.payments.gateways.declines import Decline
from services.payments.payments.facts import GatewayFacts
from shared.runtime.clock import Clock
from shared.runtime.outcomes import NOT_REACHED, Done, Outcome, Retry

_MAX_FAILURE: Final = 300
AWAY: Final = timedelta(minutes=30)
"""After the tries of a message the clock's own take over."""


class ChargeRecords:
    """Works in one unit of work, by as many statements for a batch as for one."""

    def __init__(self, attempts: AttemptRepository, facts: GatewayFacts, clock: Clock) -> None:
        self._attempts = attempts
        self._facts = facts
        self._clock = clock

    async def record(
        self, results: Sequence[tuple[ChargeWork, Outcome]], left: Collection[UUID] = (), taken: Collection[UUID] = ()
    ) -> None:
        """Write what has come of charges; those that were not reached are taken back. left: payments that a message was to charge
        once more and does not. taken: those of them that another payment keeps from it."""
        now = self._clock()
        ends, away = list[End](), list[UUID]()
        for work, outcome in results:
            found = work.found
            if outcome == NOT_REACHED:
                calls = [work.charge] if work.order is None else [work.order, work.charge]
                ends += [End(call, "unavailable", "it was not reached") for call in calls]
            ends += found.ends
            if isinstance(outcome, Done) and any(one.status == "unavailable" for one in found.ends):
                away.append(work.payment.id)
        founds = {work.payment.id: work.found for work, _ in results}
        await self._attempts.leave({work.payment.id for work, outcome in results if not isinstance(outcome, Retry)} | {*left})
        await self._attempts.end(ends, now)
        await self._attempts.note_declines([_note(key, one.decline) for key, one in founds.items() if one.decline is not None])
        await self._attempts.bind_orders({key: one.order_id for key, one in founds.items() if one.order_id is not None})
        await self._facts.apply([told for one in founds.values() for told in one.told], touched=founds.keys() | {*left})
        await self._attempts.try_again_at(away, now + AWAY)
        await self._attempts.try_after_another(taken, now + AWAY)


def _note(payment_id: UUID, decline: Decline) -> DeclineNote:
    failure = decline.customer_text[:_MAX_FAILURE]
    kind, delay_s = decline.kind.value, decline.delay_s
    return DeclineNote(payment_id, decline.code, decline.reason, kind, delay_s, failure, decline.next_action.value)
