"""Statements on templates and their versions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text

from services.notifications.templates.models import Layer, Template, TemplateSource, TemplateVersion, effective
from shared.runtime.db import ReadSession, Session
from shared.runtime.ids import uuid7

MAX_VERSIONS: Final = 50

_PUBLISHED: Final = text("""
    SELECT name, organization_id, locale, number AS version, subject, text, html, sms, push_title, push_body, variables,
           category
      FROM templates JOIN template_versions ON template_id = templates.id
     WHERE state = 'published' AND name = ANY(CAST(:names AS text[]))
       AND (organization_id IS NULL OR organization_id = ANY(CAST(:organization_ids AS uuid[])))
""")

_OF_ALL: Final = text("""
    SELECT name, organization_id, locale, number AS version, subject, text, html, sms, push_title, push_body, variables,
           category
      FROM templates JOIN template_versions ON template_id = templates.id
     WHERE state = 'published' AND name = :name
""")

_NUMBERED: Final = text("""
    SELECT templates.name, templates.organization_id, locale, template_versions.number AS version, subject, text, html, sms,
           push_title, push_body, variables, category
      FROM unnest(CAST(:name AS text[]), CAST(:organization_id AS uuid[]), CAST(:number AS int[]))
           AS wanted(name, organization_id, number)
      JOIN templates ON templates.name = wanted.name AND templates.organization_id IS NOT DISTINCT FROM wanted.organization_id
      JOIN template_versions ON template_id = templates.id AND template_versions.number = wanted.number
""")

# A caller who is bound sees the defaults beside its own, because they are what it is told by until it overrides them.
_LISTED: Final = text("""
    SELECT id, name, organization_id, created_at,
           ARRAY(SELECT locale FROM template_versions WHERE template_id = templates.id AND state = 'published' ORDER BY locale)
           AS locales
      FROM templates
     WHERE (CAST(:organization_id AS uuid) IS NULL OR organization_id IS NULL OR organization_id = :organization_id)
       AND (CAST(:after_name AS text) IS NULL OR (name, id) > (:after_name, CAST(:after_id AS uuid)))
     ORDER BY name, id LIMIT :limit
""")

_ADD_TEMPLATE: Final = text("""
    INSERT INTO templates (id, name, organization_id) VALUES (:id, :name, :organization_id) ON CONFLICT DO NOTHING
""")

_ADD_DRAFT: Final = text("""
    INSERT INTO template_versions (id, template_id, number, locale, subject, text, html, sms, push_title, push_body, variables,
                                   sample_context, based_on, category, created_by, created_at)
    SELECT :id, :template_id, coalesce(max(number), 0) + 1, :locale, :subject, :text, :html, :sms, :push_title, :push_body,
           CAST(:variables AS jsonb), CAST(:sample_context AS jsonb), :based_on, :category, :created_by, :now
      FROM template_versions WHERE template_id = :template_id
""")

_RETIRE: Final = text("""
    UPDATE template_versions SET state = 'retired' WHERE template_id = :template_id AND locale = :locale AND state = 'published'
""")

_PUBLISH: Final = text("UPDATE template_versions SET state = 'published', published_at = :now WHERE id = :id")


@dataclass(frozen=True, slots=True)
class TemplateKey:
    """Which template for whom. organization_id: whose override counts first; None for the default alone."""

    name: str
    organization_id: UUID | None
    locale: str


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A version before it has a number. sample_context, variables: JSON text. based_on: see migration 0010."""

    locale: str
    subject: str | None
    text: str | None
    html: str | None
    sample_context: str
    created_by: str
    sms: str | None = None
    push_title: str | None = None
    push_body: str | None = None
    variables: str = "{}"
    based_on: int | None = None
    category: str | None = None


class TemplateReader:
    """What is read of templates."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def effective(self, wanted: Sequence[TemplateKey]) -> Mapping[TemplateKey, TemplateSource]:
        """The published source for each key, in one query; a key without one is missing."""
        layers = await self.published({key.name for key in wanted}, {key.organization_id for key in wanted})
        found = {key: effective(layers, name=key.name, organization_id=key.organization_id, locale=key.locale) for key in wanted}
        return {key: source for key, source in found.items() if source is not None}

    async def published(self, names: set[str], organization_ids: set[UUID | None]) -> list[Layer]:
        """What is published of these templates, in all languages: the defaults, and these organizations' overrides."""
        bound = {"names": list(names), "organization_ids": [one for one in organization_ids if one is not None]}
        return [Layer(*row) for row in await self._session.execute(_PUBLISHED, bound)]

    async def published_for_all(self, name: str) -> list[Layer]:
        """What is published of a template: the default, and every organization's override."""
        return [Layer(*row) for row in await self._session.execute(_OF_ALL, {"name": name})]

    async def numbered(self, wanted: Collection[tuple[str, UUID | None, int]]) -> list[Layer]:
        """Versions by template, organization (None: the default) and number, whether they are published still or not."""
        names, organization_ids, numbers = zip(*wanted, strict=True)
        bound = {"name": list(names), "organization_id": list(organization_ids), "number": list(numbers)}
        return [Layer(*row) for row in await self._session.execute(_NUMBERED, bound)]

    async def listed(self, organization_id: UUID | None, *, after: tuple[Any, ...] | None, limit: int) -> Sequence[Row[Any]]:
        """By name: what an organization is told by, or everybody's templates. after: (name, id) of the last one seen."""
        after_name, after_id = after if after is not None else (None, None)
        bound = {"organization_id": organization_id, "after_name": after_name, "after_id": after_id, "limit": limit}
        return (await self._session.execute(_LISTED, bound)).all()

    async def versions(self, name: str, organization_ids: Sequence[UUID | None]) -> Sequence[tuple[Template, TemplateVersion]]:
        """The newest versions under a name, of these organizations (None: the default)."""
        query = (
            select(Template, TemplateVersion)
            .join(TemplateVersion, TemplateVersion.template_id == Template.id)
            .where(Template.name == name, _is_of(organization_ids))
            .order_by(TemplateVersion.created_at.desc(), TemplateVersion.id.desc())
            .limit(MAX_VERSIONS)
        )
        return [(template, version) for template, version in await self._session.execute(query)]

    async def version(self, name: str, organization_id: UUID | None, number: int) -> TemplateVersion | None:
        """One version of the default or of an organization's override."""
        query = (
            select(TemplateVersion)
            .join(Template, TemplateVersion.template_id == Template.id)
            .where(Template.name == name, _is_of([organization_id]), TemplateVersion.number == number)
            .execution_options(populate_existing=True)
        )
        return (await self._session.scalars(query)).one_or_none()


class TemplateRepository(TemplateReader):
    """What is written of templates."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session: Session = session

    async def locked(self, name: str, organization_id: UUID | None) -> UUID | None:
        """The template, held until the unit of work ends, so that its versions change one after another."""
        query = select(Template.id).where(Template.name == name, _is_of([organization_id])).with_for_update()
        return (await self._session.scalars(query)).one_or_none()

    async def add(self, name: str, organization_id: UUID | None) -> None:
        """A template without versions, unless it is there."""
        await self._session.execute(_ADD_TEMPLATE, {"id": uuid7(), "name": name, "organization_id": organization_id})

    async def add_draft(self, template_id: UUID, draft: NewDraft, now: datetime) -> UUID:
        """The next version of a template that is held."""
        version_id = uuid7()
        columns = {name: getattr(draft, name) for name in NewDraft.__slots__}
        await self._session.execute(_ADD_DRAFT, {**columns, "id": version_id, "template_id": template_id, "now": now})
        return version_id

    async def get(self, version_id: UUID) -> TemplateVersion:
        """A version that is there."""
        query = select(TemplateVersion).where(TemplateVersion.id == version_id).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one()

    async def retire(self, template_id: UUID, locale: str) -> None:
        """Publish nothing in this language any more."""
        await self._session.execute(_RETIRE, {"template_id": template_id, "locale": locale})

    async def publish(self, version_id: UUID, now: datetime) -> None:
        """Publish a version whose predecessor is retired."""
        await self._session.execute(_PUBLISH, {"id": version_id, "now": now})


def _is_of(organization_ids: Sequence[UUID | None]) -> Any:
    named = Template.organization_id.in_([one for one in organization_ids if one is not None])
    return named | Template.organization_id.is_(None) if None in organization_ids else named
