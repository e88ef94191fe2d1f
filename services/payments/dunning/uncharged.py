"""Periods for which nothing could be charged when they were billed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid5

from services.payments.dunning.failing import Failing
from services.payments.dunning.models import Failure
from services.payments.dunning.repository import DunningRepository
from services.payments.dunning.timing import deadline
from services.payments.subscriptions.making import NAMESPACE
from services.payments.subscriptions.new_models import Made
from shared.contracts.payments import GenerateInvoice
from shared.runtime.outbox import Publisher


class UnchargedPeriods:
    """Works in the unit of work that has billed them."""

    def __init__(self, dunning: DunningRepository, failing: Failing, publisher: Publisher) -> None:
        self._dunning = dunning
        self._failing = failing
        self._publisher = publisher

    async def note(self, made: Sequence[Made], at: datetime) -> None:
        """Who pays each period themselves gets its invoice, and has until the deadline; a method that is no good has failed."""
        await self._failing.failed([_failure(one, at) for one in made if one.fault is not None], at)
        waiting = [one for one in made if one.fault is None]
        if not waiting:
            return
        owing = await self._dunning.hold([(one.period.subscription_id, one.period.start_on) for one in waiting], at)
        rows = [(owing[one.period.subscription_id, one.period.start_on], _failure(one, at)) for one in waiting]
        await self._dunning.count([(one, failure, None, deadline(one.policy, at, one.time_zone)) for one, failure in rows], at)
        for one in waiting:
            key = one.period
            invoice = (
                GenerateInvoice(order_id=key.order_id)
                if key.order_id is not None
                else GenerateInvoice(subscription_id=key.subscription_id, period_start=key.start_on)
            )
            self._publisher.publish(invoice, message_id=uuid5(NAMESPACE, f"invoice/{key.subscription_id}/{key.start_on}"))


def _failure(one: Made, at: datetime) -> Failure:
    return Failure(one.period.subscription_id, one.period.start_on, None, 0, "ask_customer", one.fault, at)
