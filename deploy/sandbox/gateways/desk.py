"""How requests to a gateway are taken: the fault rules, one transaction, the answer; and what happens later by itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from deploy.sandbox.entries import Timer
from deploy.sandbox.faults import FaultBoard
from deploy.sandbox.gateways.account import GatewayAccount
from deploy.sandbox.gateways.books import GatewayBooks, Refusal
from deploy.sandbox.gateways.operation import Act, Asked, Operations
from deploy.sandbox.gateways.rules import GatewayRule
from deploy.sandbox.gateways.webhooks import Sign, Webhooks
from deploy.sandbox.objects import Document
from deploy.sandbox.provider import Core
from deploy.sandbox.transaction import Transaction

A = TypeVar("A", bound=GatewayAccount)
B = TypeVar("B", bound=GatewayBooks[Any])


class GatewayDesk(ABC, Generic[A, B]):
    """The account of one gateway, and whoever carries out what is asked of it.

    books: of which class the books are. rule: of which the fault rules are. sign: how events are proved. later: does what was
    planned for later, given what, the object's id and the rest.
    """

    def __init__(
        self,
        core: Core,
        account: A,
        books: type[B],
        rule: type[GatewayRule],
        sign: Sign,
        later: Callable[[B, str, str, dict[str, Any]], None],
    ) -> None:
        self._core = core
        self._books = books
        self._later = later
        self.name = books.name
        self.account = account
        self.board: FaultBoard[Any] = FaultBoard(self.name, rule, core.changes)
        self.webhooks = Webhooks(core, self.name, self.board, lambda: self.account, sign, given_up=self._switch_off)
        self._operations = Operations(
            self.board,
            refusal=self.refusal_of,
            in_use=self.in_use,
            answer_after_s=lambda: self.account.answer_after_s,
            pause=core.changes.pause,
        )
        core.timers.handle(self.name, self._go_on)

    @abstractmethod
    def refusal_of(self, rule: GatewayRule) -> Response:
        """How the gateway says what a rule demands."""

    @abstractmethod
    def in_use(self) -> Response:
        """How it says that another request with the same idempotency key is not answered yet."""

    def change(self, changes: dict[str, Any]) -> None:
        """Change the account. Raises ValidationError."""
        self.account = type(self.account).model_validate({**self.account.model_dump(), **changes})
        self._core.changes.bump()

    def books(self, transaction: Transaction) -> B:
        """The books as they are within a transaction."""
        return self._books(transaction, self.account, self.board, self.webhooks, self.account.now())

    async def write(self, work: Callable[[B], Document | Refusal | None]) -> Document:
        """Carry something out in one transaction. Raises Refusal; one that is returned has kept what it is about."""

        def within(transaction: Transaction) -> Document | Refusal | None:
            books = self.books(transaction)
            try:
                done = work(books)
            except Refusal as refusal:
                return refusal
            books.close()
            return done

        done = await self._core.ledger.write(within)
        if isinstance(done, Refusal):
            raise done
        return done or {}

    async def answer(self, work: Callable[[B], Document | Refusal]) -> Response:
        """Carry something out, and say how that went."""
        try:
            return JSONResponse(await self.write(work))
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)

    async def carry_out(self, request: Request, asked: Asked, act: Act) -> Response:
        """Answer under the fault rules."""
        return await self._operations.carry_out(request, asked, act)

    async def close(self) -> None:
        """Give back the connections of webhooks."""
        await self.webhooks.close()

    def _switch_off(self) -> None:
        self.change({"webhook_enabled": False})

    async def _go_on(self, timer: Timer) -> None:
        payload = timer.payload

        def write(transaction: Transaction) -> None:
            # What was planned may have become pointless, a dispute about a payment that has failed for instance.
            books = self.books(transaction)
            with suppress(Refusal):
                self._later(books, payload["what"], payload["id"], payload["more"])
            books.close()
            transaction.finish(timer)

        await self._core.ledger.write(write)
