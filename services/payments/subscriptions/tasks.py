"""Subscriptions by message."""

from collections.abc import Sequence

from services.payments import subscription_deps as deps
from shared.contracts.payments import ProcessDueSubscriptions, ProcessSingleSubscription, SettleSubscription
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task, task_many


@task(ProcessDueSubscriptions)
async def process_due_subscriptions(session: Session, received: Received[ProcessDueSubscriptions]) -> None:
    """Bill those whose day has come."""
    await deps.due_billing(session).run(received.message.slot or received.occurred_at)


@task_many(ProcessSingleSubscription)
async def process_single_subscription(session: Session, received: Sequence[Received[ProcessSingleSubscription]]) -> None:
    """Bill these, if their day has come."""
    ids = {one.message.subscription_id for one in received}
    await deps.due_billing(session).run_for(ids, max(one.occurred_at for one in received))


@task(SettleSubscription)
async def settle_subscription(session: Session, received: Received[SettleSubscription]) -> None:
    """Bill or give back what changes have left open."""
    asked = received.message
    await deps.settling(session).settle(asked.subscription_id, received.occurred_at, charges_owed=asked.charges_owed)
