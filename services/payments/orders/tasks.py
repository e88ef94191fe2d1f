"""Orders by the clock."""

from services.payments import orders_deps as deps
from shared.contracts.payments import ProcessPendingOrders, SendOrderReminders
from shared.runtime.db import Session
from shared.runtime.inbox.delivery import Received
from shared.runtime.tasks import task


@task(ProcessPendingOrders)
async def process_pending_orders(session: Session, received: Received[ProcessPendingOrders]) -> None:
    """Let paid orders go on, and end those that nobody has paid in time."""
    await deps.order_upkeep(session).process(received.message.slot or received.occurred_at)


@task(SendOrderReminders)
async def send_order_reminders(session: Session, received: Received[SendOrderReminders]) -> None:
    """Remind customers of orders that wait for them."""
    await deps.order_upkeep(session).remind(received.message.slot or received.occurred_at)
