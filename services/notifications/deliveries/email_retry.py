"""Taking up e-mails again that the normal path has left behind.

Mails that failed of an outage lie among the dead letters. Once the account works again by which they would go out, they are
replayed, each once, at a rate that leaves room for what is new. While nothing shows whether it does, one goes ahead to find out.
So do mails whose documents could not be had.
"""

import logging
from typing import Final

from services.notifications.deliveries.decision import DOCUMENT
from services.notifications.deliveries.delivery_tell import tell_finished
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.repository import DeliveryRepository, DeliveryResult
from services.notifications.deliveries.sweep_repository import Sweep, SweepRepository
from shared.contracts.notifications import SendEmail, SendTemplatedEmail, SendUrgentEmail
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.operations.dead_letters.repository import DeadLetterControl

logger = logging.getLogger(__name__)

AT_ONCE: Final = 500
RATE_PER_S: Final = 20.0
DAY_S: Final = 86_400.0
RECENT_S: Final = 600.0
BY: Final = "schedule:retry-failed-emails"
_NOTE: Final = "mail goes out again"
_NAMES: Final = [one.contract.name for one in (SendEmail, SendTemplatedEmail, SendUrgentEmail)]
_REASONS: Final = ["throttled", "config", "provider_closed", "rate", DOCUMENT]
_LOST: Final = "its message is gone: neither the outbox nor the inbox has it"


class EmailRetry:
    """The sweep, in one unit of work. usual: the installation's first account for e-mail."""

    def __init__(self, session: Session, letters: DeadLetterControl, usual: str, clock: Clock) -> None:
        self._sweep = Sweep(names=_NAMES, reasons=_REASONS, by=BY, within_s=DAY_S, usual=usual)
        self._session = session
        self._sweeps = SweepRepository(session)
        self._deliveries = DeliveryRepository(session)
        self._letters = letters
        self._clock = clock

    async def sweep(self) -> int:
        """Replay what an outage has killed, close what is lost. Returns how many are on their way again."""
        works = await self._sweeps.works(self._sweep, RECENT_S)
        letters = await self._sweeps.of_outages(self._sweep, works, AT_ONCE)
        revived = await self._letters.revive(letters, rate=RATE_PER_S) if letters else {}
        if revived:
            await self._letters.settle(await self._letters.of_messages(list(revived)), "replayed", BY, _NOTE)
            logger.info("failed_emails_retried", extra={"count": len(revived)})
        await self._close_lost()
        return len(revived)

    async def _close_lost(self) -> None:
        lost = await self._sweeps.lost(DAY_S, AT_ONCE)
        if not lost:
            return
        now = self._clock()
        logger.error("deliveries_lost", extra={"count": len(lost)})
        results = [DeliveryResult(one.id, DeliveryStatus.FAILED, one.retries, now, _LOST, reason="lost") for one in lost]
        await self._deliveries.finish(results, [])
        for one, result in zip(lost, results, strict=True):
            tell_finished(self._session, one.requester, result, now)
