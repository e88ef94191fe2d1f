"""Categories: those that Waybill brings along, and organizations' own."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from services.notifications.categories.errors import CategoryBuiltIn, CategoryNotFound, LegalClassFixed
from services.notifications.categories.models import BUILT_IN, Category
from services.notifications.categories.repository import CategoryReader, CategoryRepository, CategoryRow
from shared.runtime.clock import Clock
from shared.runtime.errors import Conflict, PreconditionRequired

_NONE = "there is no such category; GET /v1/categories lists those that there are"


class Categories:
    """Reading categories. organization_id: the caller's tenant; None sees all lists, and the built-in ones by name."""

    def __init__(self, reader: CategoryReader, organization_id: UUID | None) -> None:
        self._reader = reader
        self._organization_id = organization_id

    async def get(self, name: str) -> Category:
        """One category. Raises CategoryNotFound."""
        found = await self._reader.find(name, self._organization_id)
        if found is None:
            raise CategoryNotFound(_NONE)
        return found

    async def listed(self, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Category]:
        """By name. after: name and organization of the last one shown."""
        last = (str(after[0]), str(after[1])) if after is not None else None
        return await self._reader.listed(self._organization_id, after=last, limit=limit)


class CategoryChanges:
    """Writing an organization's own categories."""

    def __init__(self, categories: CategoryRepository, clock: Clock) -> None:
        self._categories = categories
        self._clock = clock

    async def put(self, row: CategoryRow, expect: Callable[[int], None]) -> tuple[Category, bool]:
        """Create or replace a category; says whether it was created.

        expect: refuses a revision that the caller has not seen. Raises CategoryBuiltIn, LegalClassFixed, Conflict, and what
        `expect` raises.
        """
        _own(row.name)
        known = await self._categories.locked(row.name, row.organization_id)
        try:
            expect(known.revision if known is not None else 0)
        except PreconditionRequired:
            if known is not None:
                raise
        if known is not None and known.legal_class is not row.legal_class:
            raise LegalClassFixed(f"it is {known.legal_class}, and people rely on that; make another category")
        kept = await self._categories.put(row, seen=known.revision if known is not None else 0, now=self._clock())
        if kept is None:
            raise Conflict("somebody else created this category just now; read it and repeat the change on it")
        return kept, known is None

    async def delete(self, name: str, organization_id: UUID) -> None:
        """Remove a category. What people have declined stays declined. Raises CategoryBuiltIn, CategoryNotFound."""
        _own(name)
        if await self._categories.locked(name, organization_id) is None:
            raise CategoryNotFound(_NONE)
        await self._categories.delete(name, organization_id)


def _own(name: str) -> None:
    if name in BUILT_IN:
        raise CategoryBuiltIn(
            "this name is one of Waybill's own categories, which are the same for everybody; choose another one"
        )
