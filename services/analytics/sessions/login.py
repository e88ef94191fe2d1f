"""Letting operators in by their password, and choosing another one.

Nobody learns from an answer, or from how long it takes, whether there is an account: an unknown address, a wrong password and an
operator who was disabled are one refusal, tries are counted alike for each, and a password is worked out for each.
"""

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from services.analytics.operators.models import Operator
from services.analytics.operators.passwords import Passwords, check_strength
from services.analytics.operators.repository import OperatorRepository
from services.analytics.sessions.attempts_repository import AttemptRepository, Kind
from services.analytics.sessions.ending import Ending
from services.analytics.sessions.errors import LoginBlocked, LoginRefused, PasswordChangeDue
from services.analytics.sessions.issuing import Issuing
from services.analytics.sessions.models import Origin
from services.analytics.sessions.schemas import Credentials, PasswordChange, Tokens
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.operations.audit.repository import AuditLog

FREE: Final[dict[Kind, int]] = {"account": 5, "address": 20}
"""How many may fail before the next one has to wait: a second, then two, four, …"""
MOST: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Parts:
    """What works in one unit of work."""

    operators: OperatorRepository
    attempts: AttemptRepository
    issuing: Issuing
    ending: Ending
    audit: Callable[[str], AuditLog]


class Login:
    """Works in units of work of its own: what has failed has to be counted although the request is refused."""

    def __init__(
        self,
        unit_of_work: Callable[[], AbstractAsyncContextManager[Session]],
        parts: Callable[[Session], Parts],
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._parts = parts
        self._passwords = passwords
        self._clock = clock

    async def login(self, asked: Credentials, origin: Origin) -> Tokens:
        """Begin a session. Raises LoginBlocked, LoginRefused, PasswordChangeDue and LoginsNotSetUp."""
        operator = await self._recognized(asked, origin)
        if operator.password_once:
            raise PasswordChangeDue("this password was given out for once; choose your own first: POST /v1/access/password")
        rehashed = await self._passwords.hash(asked.password) if self._passwords.is_outdated(operator.password_hash) else None
        async with self._unit_of_work() as session:
            parts = self._parts(session)
            await self._still_same(parts, operator)
            await parts.operators.came_in(operator.id, self._clock(), rehashed)
            tokens = await parts.issuing.begin(operator, origin)
            await parts.audit(operator.subject).write("access.session_begun", f"session:{tokens.session_id}", "login")
        return tokens

    async def change_password(self, asked: PasswordChange, origin: Origin) -> None:
        """Choose another password; all sessions end. Raises LoginBlocked, LoginRefused and WeakPassword."""
        operator = await self._recognized(asked, origin)
        check_strength(asked.new_password, operator.email, asked.password)
        hashed = await self._passwords.hash(asked.new_password)
        values = {"password_hash": hashed, "password_once": False, "password_until": None}
        async with self._unit_of_work() as session:
            parts = self._parts(session)
            await self._still_same(parts, operator)
            await parts.ending.all_of(operator.id, "password")
            await parts.operators.change(operator.id, values, self._clock())
            await parts.audit(operator.subject).write("access.password_changed", operator.subject, "by the operator")

    async def _recognized(self, asked: Credentials, origin: Origin) -> Operator:
        """Whose password it is."""
        async with self._unit_of_work() as session:
            parts = self._parts(session)
            waits = [await self._count(parts.attempts, "account", asked.email)]
            waits.append(await self._count(parts.attempts, "address", origin.address))
            operator = await parts.operators.by_email(asked.email)
        if longest := max((wait for wait in waits if wait is not None), default=None):
            seconds = max(1, math.ceil(longest.total_seconds()))
            raise LoginBlocked(f"wait {seconds} seconds and try again", headers={"Retry-After": str(seconds)})
        right = await self._passwords.matches(operator.password_hash if operator else None, asked.password)
        if operator is None or not right or not self._may_come_in(operator):
            raise LoginRefused("the e-mail address or the password is wrong, or the operator may not log in (any more)")
        async with self._unit_of_work() as session:
            await self._parts(session).attempts.forgive(asked.email, origin.address)
        return operator

    async def _count(self, attempts: AttemptRepository, kind: Kind, value: str) -> timedelta | None:
        return await attempts.count(kind, value, self._clock(), free=FREE[kind], most=MOST, forgotten_after=FORGOTTEN_AFTER)

    def _may_come_in(self, operator: Operator) -> bool:
        ended = operator.password_until is not None and operator.password_until <= self._clock()
        return operator.disabled_at is None and not ended

    async def _still_same(self, parts: Parts, operator: Operator) -> None:
        """Nobody has changed the operator since the password was looked at."""
        now = await parts.operators.find(operator.id, lock=True)
        if now is None or now.version != operator.version:
            raise LoginRefused("the operator was changed just now; try again")
