"""One request to a gateway under its fault rules: refused, carried out, carried out and not answered, answered wrongly."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from fastapi import Request, Response

from deploy.sandbox.dropping import drop
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.gateways.rules import GatewayRule


@dataclass(frozen=True, slots=True)
class Asked:
    """operation: what is asked (`payments.capture`). named: receipts, ids and tokens by which a rule may mean it.

    key: the idempotency key, which no second request may have while the first one is not answered.
    """

    operation: str
    named: tuple[str, ...] = ()
    key: str | None = None


Act = Callable[[GatewayRule | None], Awaitable[Response]]
"""Carries a request out and says what the answer would be. The rule is for gateways that remember what they have answered."""


class Operations:
    """Carries requests out.

    refusal: how the gateway says the error of a rule. in_use: how it says that the key is another request's that is not answered
    yet. answer_after_s: how long every answer takes. pause: sleeps, but not beyond the end of the process.
    """

    def __init__(
        self,
        board: FaultBoard[GatewayRule],
        *,
        refusal: Callable[[GatewayRule], Response],
        in_use: Callable[[], Response],
        answer_after_s: Callable[[], float],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._board = board
        self._refusal = refusal
        self._in_use = in_use
        self._answer_after_s = answer_after_s
        self._pause = pause
        self._keys: set[str] = set()

    async def carry_out(self, request: Request, asked: Asked, act: Act) -> Response:
        """The answer to the request."""
        if asked.key is not None and asked.key in self._keys:
            return self._in_use()
        rule = self._board.take(lowered(asked.named), lambda rule: rule.is_answer_to(asked.operation))
        if asked.key is None:
            return await self._answer(request, rule, act)
        self._keys.add(asked.key)
        try:
            answer = await self._answer(request, rule, act, lambda: self._keys.discard(asked.key or ""))
        finally:
            self._keys.discard(asked.key)
        return answer

    async def _answer(
        self, request: Request, rule: GatewayRule | None, act: Act, acted: Callable[[], None] = lambda: None
    ) -> Response:
        if rule is not None and rule.refuses:
            answer = self._refusal(rule)
        else:
            answer = await act(rule) if rule is None or rule.acts else Response()
        if seconds := self._answer_after_s():
            await asyncio.sleep(seconds)
        if rule is None or rule.refuses:
            return answer
        if rule.action != "delay":
            # The gateway has done with the request; what is wrong is on the way back.
            acted()
        return await self._spoil(request, rule, answer)

    async def _spoil(self, request: Request, rule: GatewayRule, answer: Response) -> Response:
        match rule.action:
            case "delay":
                await self._pause(rule.seconds or 0.0)
                return answer
            case "status_after_commit":
                return self._refusal(rule)
            case "malformed":
                body = bytes(answer.body)
                return Response(
                    body[: max(1, len(body) // 2)] if rule.recorded else b"<html>", 200, media_type="application/json"
                )
            case "timeout_before" | "timeout_after_commit":
                await self._pause(rule.silence_s)
                return await drop(request)
            case _:
                return await drop(request)


def lowered(named: Iterable[str | None]) -> list[str]:
    """What rules are matched against, which are told without regard to case; empty ones match `*` alone."""
    return [name.lower() for name in named if name] or [""]
