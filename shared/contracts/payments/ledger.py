"""Messages about the ledger."""

from typing import ClassVar

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Answer, Command, Contract
from shared.contracts.retry import RetryPolicy


class CheckLedger(Command):
    """Prove that every transaction balances and that the kept balances are what the entries sum to.

    Answers how much was looked at; what is wrong is a dead letter.
    """

    contract: ClassVar = Contract(
        "payments.check_ledger", (lanes.PAYMENTS_BATCH,), RetryPolicy(max_retries=5, base_s=60), max_batch=1, answer=Answer()
    )


class RefreshLedgerBalances(Command):
    """Keep the balances of the months that are over, so that later ones need not be summed from the beginning."""

    contract: ClassVar = Contract(
        "payments.refresh_ledger_balances",
        (lanes.PAYMENTS_BATCH,),
        RetryPolicy(max_retries=5, base_s=60),
        max_batch=1,
        answer=Answer(),
    )

    from_scratch: bool = Field(default=False, description="Remove all that are kept and sum the whole ledger anew.")
