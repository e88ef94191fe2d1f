"""Webhooks of a gateway: at least once, in any order, signed with the secrets of the time at which the event came to be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deploy.sandbox.callbacks import Callbacks, Request
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.gateways.account import GatewayAccount
from deploy.sandbox.gateways.operation import lowered
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.provider import Core
from deploy.sandbox.transaction import Transaction

# The events of one change leave one after another; on the way they may overtake each other, as theirs do.
_GAP_S = 0.01
_OVERTAKEN_S = 0.15
_TIMEOUT_S = 5.0

Sign = Callable[[bytes, Sequence[str]], Mapping[str, str]]
"""The headers that prove a body, by the secrets that are valid for it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. named: receipts and ids by which a rule may mean it. headers: that go with it beside the signature."""

    name: str
    body: str
    named: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Webhooks:
    """Tells of what happened, as the account and the fault rules say. given_up: called when a last try fails."""

    def __init__(
        self,
        core: Core,
        name: str,
        board: FaultBoard[GatewayRule],
        account: Callable[[], GatewayAccount],
        sign: Sign,
        *,
        given_up: Callable[[], None],
    ) -> None:
        self._board = board
        self._account = account
        self._sign = sign
        self._callbacks = Callbacks(
            core, f"{name}.webhooks", self._request, anywhere=True, timeout_s=_TIMEOUT_S, given_up=given_up
        )

    def wants(self, event: str) -> bool:
        """Whether anybody is told of such an event."""
        account = self._account()
        is_on = account.webhook_url is not None and account.webhook_enabled
        return is_on and any(fnmatchcase(event, pattern) for pattern in account.webhook_events)

    async def close(self) -> None:
        """Give back the connections."""
        await self._callbacks.close()

    def tell(self, transaction: Transaction, events: Sequence[Event], *, seconds: float = 0.0) -> None:
        """Send the events of one change after so many seconds, once the transaction is committed."""
        account, wanted = self._account(), [event for event in events if self.wants(event.name)]
        rules = [self._rule(event) for event in wanted]
        reversed_too = any(rule is not None and rule.reorder for rule in rules)
        for index, (event, rule) in enumerate(zip(wanted, rules, strict=True)):
            if rule is not None and rule.lost:
                continue
            at = (len(wanted) - index) * _OVERTAKEN_S if reversed_too else index * _GAP_S
            plan = self._plan(account, event, forged=rule is not None and rule.forged)
            for repetition in range(rule.repeat if rule is not None else 1):
                late_s = seconds + at + ((rule.seconds or 0.0) if rule is not None else 0.0) + repetition * _GAP_S
                self._callbacks.plan(transaction, plan, seconds=late_s, retry_after_s=account.retry_after_s)

    def _rule(self, event: Event) -> GatewayRule | None:
        return self._board.take(lowered(event.named), lambda rule: rule.tells_of(event.name))

    def send(self, transaction: Transaction, event: Event, *, forged: bool) -> None:
        """Send one event that somebody made up."""
        self._callbacks.plan(transaction, self._plan(self._account(), event, forged=forged))

    def _plan(self, account: GatewayAccount, event: Event, *, forged: bool) -> dict[str, Any]:
        secrets = [f"not {secret}" for secret in account.webhook_secrets] if forged else list(account.webhook_secrets)
        return {"url": account.webhook_url, "body": event.body, "secrets": secrets, "headers": dict(event.headers)}

    def _request(self, plan: dict[str, Any]) -> Request:
        body = plan["body"].encode()
        signed = self._sign(body, plan["secrets"])
        return Request(plan["url"], body, {"Content-Type": "application/json", **plan["headers"], **signed})
