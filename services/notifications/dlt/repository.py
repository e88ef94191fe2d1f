"""Statements on registered texts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.notifications.dlt.models import RegisteredText
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

_ADD: Final = text("""
    INSERT INTO dlt_templates (id, organization_id, dlt_template_id, provider_template_id, entity_id, header, class, text,
                               variables, template_name, locale, active, revision, created_by, created_at, updated_at)
    VALUES (:id, :organization_id, :dlt_template_id, :provider_template_id, :entity_id, :header, :dlt_class, :text,
            CAST(:variables AS text[]), :template_name, :locale, :active, 1, :created_by, :now, :now)
    ON CONFLICT (organization_id, dlt_template_id) DO NOTHING RETURNING id
""")

_REPLACE: Final = text("""
    UPDATE dlt_templates SET dlt_template_id = :dlt_template_id, provider_template_id = :provider_template_id,
           entity_id = :entity_id, header = :header, class = :dlt_class, text = :text, variables = CAST(:variables AS text[]),
           template_name = :template_name, locale = :locale, active = :active, revision = revision + 1, updated_at = :now
     WHERE id = :id AND NOT EXISTS (
           SELECT FROM dlt_templates AS other
            WHERE other.dlt_template_id = :dlt_template_id AND other.id <> :id
              AND other.organization_id IS NOT DISTINCT FROM dlt_templates.organization_id)
    RETURNING id
""")

_REMOVE: Final = text("DELETE FROM dlt_templates WHERE id = :id")


@dataclass(frozen=True, slots=True)
class TextRow:
    """A registered text, checked. dlt_class: P, SE, SI or T."""

    dlt_template_id: str
    provider_template_id: str
    entity_id: str
    header: str
    dlt_class: str
    text: str
    variables: tuple[str, ...]
    template_name: str | None
    locale: str | None
    active: bool


class DltReader:
    """What is read of registered texts. organization_id: None sees all; else its own and those of everybody are seen."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, text_id: UUID, organization_id: UUID | None) -> RegisteredText | None:
        """One text."""
        query = select(RegisteredText).where(RegisteredText.id == text_id, _seen_by(organization_id))
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def listed(
        self, organization_id: UUID | None, *, template_name: str | None, active: bool | None, after: UUID | None, limit: int
    ) -> Sequence[RegisteredText]:
        """The newest first, beginning after the one of this id."""
        query = select(RegisteredText).where(_seen_by(organization_id)).order_by(RegisteredText.id.desc()).limit(limit)
        if template_name is not None:
            query = query.where(RegisteredText.template_name == template_name)
        if active is not None:
            query = query.where(RegisteredText.active == active)
        if after is not None:
            query = query.where(RegisteredText.id < after)
        return (await self._session.scalars(query)).all()

    async def active(self, organization_ids: Collection[UUID | None], names: Collection[str]) -> Sequence[RegisteredText]:
        """What these organizations, and everybody, may send under these templates of ours, or under none."""
        own = [one for one in organization_ids if one is not None]
        query = select(RegisteredText).where(
            RegisteredText.active,
            RegisteredText.organization_id.in_(own) | RegisteredText.organization_id.is_(None),
            RegisteredText.template_name.in_(list(names)) | RegisteredText.template_name.is_(None),
        )
        return (await self._session.scalars(query.order_by(RegisteredText.id))).all()


class DltRepository(DltReader):
    """What is written of registered texts. organization_id: whose own; None for those of everybody."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def locked(self, text_id: UUID, organization_id: UUID | None) -> RegisteredText | None:
        """One text that may be changed, held until the unit of work ends. A caller of no organization may change all."""
        query = select(RegisteredText).where(RegisteredText.id == text_id).with_for_update()
        if organization_id is not None:
            query = query.where(RegisteredText.organization_id == organization_id)
        return (await self._writing.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def add(self, row: TextRow, organization_id: UUID | None, author: str, now: datetime) -> UUID | None:
        """Its id; None where the registry's id is entered already."""
        bound = {**_bound(row), "id": uuid7(), "organization_id": organization_id, "created_by": author, "now": now}
        return (await self._writing.execute(_ADD, bound)).scalar_one_or_none()

    async def replace(self, text_id: UUID, row: TextRow, now: datetime) -> bool:
        """Whether it was replaced; False where the registry's id is another text's."""
        return (await self._writing.execute(_REPLACE, {**_bound(row), "id": text_id, "now": now})).one_or_none() is not None

    async def remove(self, text_id: UUID) -> None:
        """Forget a text."""
        await self._writing.execute(_REMOVE, {"id": text_id})


def _bound(row: TextRow) -> dict[str, Any]:
    return {**{field.name: getattr(row, field.name) for field in fields(TextRow)}, "variables": list(row.variables)}


def _seen_by(organization_id: UUID | None) -> Any:
    if organization_id is None:
        return RegisteredText.id.is_not(None)
    return (RegisteredText.organization_id == organization_id) | RegisteredText.organization_id.is_(None)
