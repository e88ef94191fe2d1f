"""Refund plans by message."""

from services.payments import payment_deps
from shared.contracts.payments import ExecuteRefundPlan
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ExecuteRefundPlan)
async def execute_refund_plan(session: Session, received: Received[ExecuteRefundPlan]) -> None:
    """Make the refunds of a cancellation."""
    await payment_deps.refunds(session, lambda: received.occurred_at).execute_plan(received.message.plan_id)
