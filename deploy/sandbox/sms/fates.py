"""What becomes of an SMS after a provider has taken it: its later statuses, each at its time, and the reports of them."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from deploy.sandbox.entries import Entry, Timer
from deploy.sandbox.provider import Core
from deploy.sandbox.sms.receipt import move
from deploy.sandbox.transaction import Transaction

OVERTAKEN_S = 0.3
"""By how much a report is late that another one overtakes."""


@dataclass(frozen=True, slots=True)
class Step:
    """A later status. after_s: since the SMS was taken. reports: how often it is reported. late_s: how late these are."""

    status: str
    code: int | None
    after_s: float
    reports: int = 1
    late_s: float = 0.0


class Fates:
    """The later statuses of one provider's SMS.

    report: plans one report within the transaction; called with the SMS as it then stands and the seconds until then.
    """

    def __init__(self, core: Core, name: str, report: Callable[[Transaction, Entry, Step], None]) -> None:
        self._core = core
        self._name = name
        self._report = report
        core.timers.handle(name, self._take)

    def plan(self, transaction: Transaction, entry_id: int, steps: list[Step]) -> None:
        """Have an SMS go through these steps once the transaction is committed."""
        for step in steps:
            payload: dict[str, Any] = {"entry_id": entry_id, "step": asdict(step)}
            transaction.defer(self._name, time.time() + step.after_s, payload)

    async def _take(self, timer: Timer) -> None:
        step = Step(**timer.payload["step"])

        def write(transaction: Transaction) -> None:
            entry = move(self._core.ledger, transaction, timer.payload["entry_id"], step.status, step.code)
            # Who deletes an SMS wants to hear no more of it.
            for _ in range(step.reports if entry is not None else 0):
                assert entry is not None
                self._report(transaction, entry, step)
            transaction.finish(timer)

        await self._core.ledger.write(write)
