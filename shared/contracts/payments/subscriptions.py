"""Subscriptions: billing, mandates, reminders, dunning."""

from typing import ClassVar, Final
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract, UtcDatetime
from shared.contracts.retry import RetryPolicy

_PATIENT: Final = RetryPolicy(max_retries=10, base_s=5, cap_s=600)


class ProcessDueSubscriptions(Command):
    """Bill every subscription whose next period has begun by `slot` at its customer's midnight."""

    contract: ClassVar = Contract("payments.process_due_subscriptions", (lanes.PAYMENTS_SUBSCRIPTIONS,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class ProcessSingleSubscription(Command):
    """Bill one subscription, if its next period has begun."""

    contract: ClassVar = Contract(
        "payments.process_single_subscription", (lanes.PAYMENTS_SUBSCRIPTIONS,), _PATIENT, max_batch=100
    )

    subscription_id: UUID


class SettleSubscription(Command):
    """Settle what changes of plan or quantity have left open of a subscription that is over: what they made due is billed by a
    last invoice, and what was paid and not used becomes its customer's credit."""

    contract: ClassVar = Contract("payments.settle_subscription", (lanes.PAYMENTS_SUBSCRIPTIONS,), _PATIENT, max_batch=1)

    subscription_id: UUID
    charges_owed: bool = Field(default=True, description="False: what changes made due is owed no more.")


class SendSubscriptionRenewalReminders(Command):
    """Tell customers of charges that are to be made in the 24 hours after `slot`, once for each period."""

    contract: ClassVar = Contract("payments.send_subscription_renewal_reminders", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class SendPaymentReminders(Command):
    """Remind by SMS those who have to pay themselves, 5, 3 and 1 days before what they have paid for ends."""

    contract: ClassVar = Contract("payments.send_payment_reminders", (lanes.PAYMENTS_BATCH,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None


class PlanDebitNotices(Command):
    """Have notices given of debits of mandates that are made in the 48 hours after `slot`; give up those that nobody confirms."""

    contract: ClassVar = Contract("payments.plan_debit_notices", (lanes.PAYMENTS_SUBSCRIPTIONS,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
    after_id: UUID | None = Field(default=None, description="The last subscription that the run has looked at.")


class SendDebitNotice(Command):
    """Ask the gateway to tell the holder of a mandate of a debit. Asked for again it is the same notice."""

    contract: ClassVar = Contract("payments.send_debit_notice", (lanes.PAYMENTS_SUBSCRIPTIONS,), _PATIENT, max_batch=100)

    notice_id: UUID


class ProcessDunning(Command):
    """Try again what was not paid and is due again at `slot`, and end what has used up its time."""

    contract: ClassVar = Contract("payments.process_dunning", (lanes.PAYMENTS_SUBSCRIPTIONS,), _PATIENT, max_batch=1)

    slot: UtcDatetime | None = None
