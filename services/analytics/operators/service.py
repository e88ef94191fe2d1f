"""Operators: who may come in with a password, and as what."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.analytics.operators.errors import EmailTaken, LastAdministrator, OperatorNotFound
from services.analytics.operators.models import Operator
from services.analytics.operators.passwords import Passwords, one_time_password
from services.analytics.operators.repository import OperatorReader, OperatorRepository
from services.analytics.operators.schemas import OperatorChange, OperatorIn
from services.analytics.organizations.repository import OrganizationReader
from services.analytics.organizations.service import organization_of
from services.analytics.sessions.ending import Ending
from shared.runtime.clock import Clock
from shared.runtime.ids import uuid7
from shared.runtime.operations.audit.repository import AuditLog

ONCE_GOOD_FOR: Final = timedelta(hours=24)
Check = Callable[[int], None]
"""Refuses a change of another version than the client has seen."""


async def operator_of(operators: OperatorReader, operator_id: UUID, bound_to: UUID | None) -> Operator:
    """One. Raises OperatorNotFound, also for another organization's."""
    return _found(await operators.find(operator_id, bound_to))


class Operators:
    """Writes in one unit of work. What an operator was allowed before ends with every change of what is allowed."""

    def __init__(
        self,
        operators: OperatorRepository,
        organizations: OrganizationReader,
        ending: Ending,
        passwords: Passwords,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._operators = operators
        self._organizations = organizations
        self._ending = ending
        self._passwords = passwords
        self._audit = audit
        self._clock = clock

    async def create(self, asked: OperatorIn, organization_id: UUID | None) -> tuple[Operator, str]:
        """The operator, and a password for once. Raises EmailTaken and OrganizationNotFound."""
        if organization_id is not None:
            await organization_of(self._organizations, organization_id, None)
        password, columns = await self._once()
        values = {**asked.model_dump(), **columns, "organization_id": organization_id, "created_by": self._audit.actor}
        created = await self._operators.create({"id": uuid7(), **values}, self._clock())
        if created is None:
            raise EmailTaken("an operator has this e-mail address already; change that one, or give another address")
        await self._note(created, "created", role=created.role)
        return created, password

    async def has_administrator(self) -> bool:
        """Whether somebody administers the whole installation."""
        return bool(await self._operators.lock_administrators())

    async def change(self, operator_id: UUID, bound_to: UUID | None, change: OperatorChange, check: Check) -> Operator:
        """What changes nothing makes no version. Raises OperatorNotFound, LastAdministrator and what `check` raises."""
        asked = change.values()
        # All administrators before the one: two who take each other's place would wait for each other without an end.
        administrators = await self._operators.lock_administrators() if asked.keys() & {"role", "disabled"} else ()
        known = await self._held(operator_id, bound_to, check)
        values = self._changed(known, asked)
        if not values:
            return known
        if "role" in values or values.get("disabled_at"):
            _keep_an_administrator(administrators, known, values)
            await self._ending.all_of(known.id, "operator")
        changed = await self._operators.change(operator_id, values, self._clock())
        await self._note(changed, "changed", role=changed.role, disabled=changed.disabled_at is not None)
        return changed

    async def reset_password(self, operator_id: UUID, bound_to: UUID | None, check: Check) -> tuple[Operator, str]:
        """A password for once; the old one and all sessions end. Raises OperatorNotFound and what `check` raises."""
        await self._held(operator_id, bound_to, check)
        password, columns = await self._once()
        await self._ending.all_of(operator_id, "password")
        changed = await self._operators.change(operator_id, columns, self._clock())
        await self._note(changed, "password_reset")
        return changed, password

    async def _once(self) -> tuple[str, dict[str, Any]]:
        password = one_time_password()
        until = self._clock() + ONCE_GOOD_FOR
        hashed = await self._passwords.hash(password)
        return password, {"password_hash": hashed, "password_once": True, "password_until": until}

    def _changed(self, known: Operator, asked: dict[str, Any]) -> dict[str, Any]:
        if "disabled" in asked and (disabled := asked.pop("disabled")) != (known.disabled_at is not None):
            asked["disabled_at"] = self._clock() if disabled else None
        return {name: value for name, value in asked.items() if value != getattr(known, name)}

    async def _held(self, operator_id: UUID, bound_to: UUID | None, check: Check) -> Operator:
        known = _found(await self._operators.find(operator_id, bound_to, lock=True))
        check(known.version)
        return known

    async def _note(self, operator: Operator, what: str, **details: Any) -> None:
        await self._audit.write(f"access.operator_{what}", operator.subject, what.replace("_", " "), **details)


def _keep_an_administrator(administrators: Sequence[UUID], known: Operator, values: dict[str, Any]) -> None:
    stays = values.get("role", known.role) == "admin" and values.get("disabled_at", known.disabled_at) is None
    if not stays and list(administrators) == [known.id]:
        raise LastAdministrator("nobody else administers the whole installation; make somebody else an administrator first")


def _found(operator: Operator | None) -> Operator:
    if operator is None:
        raise OperatorNotFound("there is no operator with this id; GET /v1/access/operators lists those that there are")
    return operator
