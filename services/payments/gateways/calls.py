"""Calls of a gateway, and what is known of the money where one ends without an answer that can be read.

                                        a look-up          a call that does something
breaker closed, no connection free      Unavailable        Unavailable
no connection, request not sent whole   Unavailable        Unavailable
429                                     Unavailable        Unavailable
sent, and no reply                      Unavailable        Unknown
408, 5xx, 2xx that cannot be read       Unavailable        Unknown
401                                     Refused (setup)    Refused (setup)
anything else                           for the gateway's own client to read

A call is repeated here only where the gateway has promised that the repetition is the same call (`repeatable`), only after it
was sent and no reply came, once, within the time of the first, and within the account's budget of retries.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.payments.gateways.answers import Failure, Refusal, Refused, Unavailable, Unknown
from services.payments.gateways.declines import told
from shared.runtime.clock import Clock
from shared.runtime.outside.circuits import REFUSED, Circuits, Finding
from shared.runtime.outside.http_api import HttpApi, Interrupted, Reply, Stage, Timing, retry_after_s

logger = logging.getLogger(__name__)

TIMING: Final = Timing(call_s=30.0, connect_s=5.0, write_s=10.0, read_s=20.0)
"""A worker's batch begins calls for 20 s, and has to end before its lane's 60 s. Gateways answer within seconds, but for a bank
that takes its time."""
CONNECTIONS: Final = 100
"""Calls under way at once at an account in one process; a full batch of charges is two rounds of them. Three calls of 50 ms
each make a charge, so that one connection carries six charges a second at best."""
AWAY_S: Final = 15.0
THROTTLED_S: Final = 5.0
CONFIG_S: Final = 60.0
"""How long an account that does not know our key is left alone: every call would be refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. name: for logs. path: percent-encoded. content: JSON; form: in its place. does: whether it does something,
    which a look-up does not. repeatable: as above."""

    name: str
    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    does: bool = False
    repeatable: bool = False


class GatewayCalls:
    """The calls of one account. Lives as long as its process, and owns its connections.

    account: unique among all organizations; its breaker and its budget are shared by all workers.
    """

    def __init__(self, gateway: str, account: str, api: HttpApi, circuits: Circuits, clock: Clock) -> None:
        self.gateway = gateway
        self._account = account
        self._api = api
        self._circuits = circuits
        self._clock = clock

    async def make(self, call: Call) -> Reply | Failure:
        """The reply where there is one to be read: 2xx with JSON, or a refusal of this call."""
        await self._circuits.refresh([self._account])
        standing = self._circuits.standing(self._account)
        if standing.closed_s > 0:
            return Unavailable(f"{self.gateway} is left alone for now, because calls of the account failed", standing.closed_s)
        deadline = self._api.deadline()
        ended = await self._once(call, deadline)
        if call.repeatable and isinstance(ended, Interrupted) and ended.stage is Stage.SENT and await self.may_retry():
            again = await self._once(call, deadline)
            # The first one may have been done, whatever became of the second before it was sent.
            ended = again if isinstance(again, Reply) or again.stage is Stage.SENT else ended
        outcome = self._meaning(call, ended)
        if not isinstance(outcome, Reply):
            extra = {
                "gateway": self.gateway,
                "account": self._account,
                "operation": call.name,
                "outcome": type(outcome).__name__,
            }
            logger.warning("gateway_call_failed", extra={**extra, "detail": outcome.detail})
        return outcome

    async def may_retry(self) -> bool:
        """Take one retry of the account's budget."""
        return await self._circuits.take_retry(self._account)

    async def close(self) -> None:
        """Tell what was counted, and give back the connections."""
        await self._circuits.flush()
        await self._api.close()

    async def _once(self, call: Call, deadline: float) -> Reply | Interrupted:
        began = time.monotonic()
        ended = await self._api.call(
            call.method,
            call.path,
            query=call.query,
            content=call.content,
            form=call.form,
            headers=call.headers,
            deadline=deadline,
        )
        took_s = time.monotonic() - began
        if not (isinstance(ended, Interrupted) and ended.stage is Stage.QUEUE):
            await self._circuits.report(self._account, self._finding(ended, took_s))
        return ended

    def _finding(self, ended: Reply | Interrupted, took_s: float) -> Finding:
        if isinstance(ended, Interrupted):
            if ended.stage is not Stage.CONNECT:
                return Finding(failed=True, took_s=took_s)
            wait_s, why = (CONFIG_S, REFUSED) if ended.is_mistrusted else (AWAY_S, "away")
            return Finding(failed=True, took_s=took_s, closes_s=self._api.scaled(wait_s), why=why)
        if ended.status == 429:
            return Finding(failed=True, took_s=took_s, closes_s=self._retry_after_s(ended), why="throttled")
        if ended.status == 401:
            return Finding(failed=True, took_s=took_s, closes_s=self._api.scaled(CONFIG_S), why=REFUSED)
        return Finding(failed=ended.status >= 500, took_s=took_s)

    def _meaning(self, call: Call, ended: Reply | Interrupted) -> Reply | Failure:
        if isinstance(ended, Interrupted):
            if ended.stage is Stage.SENT and call.does:
                return Unknown(ended.detail)
            return Unavailable(ended.detail, AWAY_S if ended.stage is Stage.CONNECT else 0.0)
        status = ended.status
        if status == 429:
            return Unavailable(f"{self.gateway} takes no more calls for now (429)", self._retry_after_s(ended))
        if status == 401:
            return Refused(Refusal.SETUP, f"{self.gateway} does not know the account's key; store it anew", "401")
        if status == 408 or status >= 500:
            return self._undecided(call, f"{self.gateway} answered {status}{_said(ended)}", ended)
        if ended.is_empty or not ended.members:
            if status < 300:
                return self._undecided(call, f"{self.gateway} answered {status} without a body that can be read", ended)
            return self._unread_refusal(call, ended)
        return ended

    def _undecided(self, call: Call, detail: str, reply: Reply) -> Unknown | Unavailable:
        wait_s = retry_after_s(reply.headers, self._clock()) or 0.0
        return Unknown(detail, wait_s) if call.does else Unavailable(detail, wait_s)

    def _unread_refusal(self, call: Call, reply: Reply) -> Failure:
        """A refusal that is not in the gateway's own words: somebody on the way there has said it, or our address is wrong."""
        detail = f"{self.gateway} answered {reply.status} without a body that can be read"
        if reply.status in (403, 404) or 300 <= reply.status < 400:
            return Refused(Refusal.SETUP, f"{detail}; check the address at which it is called", str(reply.status))
        return self._undecided(call, detail, reply)

    def _retry_after_s(self, reply: Reply) -> float:
        told_s = retry_after_s(reply.headers, self._clock())
        return told_s if told_s is not None else self._api.scaled(THROTTLED_S)


def _said(reply: Reply) -> str:
    """The gateway's own sentence, where there is one in it."""
    error = reply.members.get("error")
    said = (error.get("description") or error.get("message")) if isinstance(error, dict) else None
    return told(f": {said}") if isinstance(said, str) and said else ""
