"""The tables of templates and their versions, and which text a reader gets of what is published.

See migration 0004 for what each column says. An organization's own text counts before the default, and the reader's
language before English. A subject, text or html that an override leaves out comes from the default. Subject and body may
come from two languages where one lacks the other; text and html never do, since they say the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications import locales
from shared.runtime.db import Model


class VersionState(StrEnum):
    """draft: never sent. published: what is sent, one for each language. retired: was sent, and can be published again."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Template(Model):
    """A name under which texts are sent: the default's, or an organization's override of it."""

    __tablename__ = "templates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    organization_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TemplateVersion(Model):
    """One text in one language. What was published once never changes, but for its state."""

    __tablename__ = "template_versions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("templates.id"))
    number: Mapped[int]
    locale: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str | None]
    html: Mapped[str | None]
    sample_context: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """What is to be rendered, complete: an override has been filled up with the default.

    version, organization_id: of the version that counts first; an organization's override, or the default (None).
    locale: the language of the body.
    text: None where it is to be derived from html.
    """

    name: str
    version: int
    locale: str
    subject: str
    text: str | None
    html: str | None
    organization_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One version as it lies over or under others. organization_id: None for the default."""

    name: str
    organization_id: UUID | None
    locale: str
    version: int
    subject: str | None
    text: str | None
    html: str | None


def effective(layers: Iterable[Layer], *, name: str, organization_id: UUID | None, locale: str) -> TemplateSource | None:
    """The source for a reader, of the published layers; None where they give no subject or no body."""
    return complete(order(layers, name=name, organization_id=organization_id, locale=locale))


def order(layers: Iterable[Layer], *, name: str, organization_id: UUID | None, locale: str) -> list[Layer]:
    """The layers that a reader can get something of, what counts first in front."""
    wanted = locales.chain(locale)
    own = (None,) if organization_id is None else (organization_id, None)
    usable = [layer for layer in layers if layer.name == name and layer.organization_id in own and layer.locale in wanted]
    return sorted(usable, key=lambda layer: (wanted.index(layer.locale), own.index(layer.organization_id)))


def complete(layers: Sequence[Layer]) -> TemplateSource | None:
    """The first layer, filled up from those below it."""
    subject = next((layer.subject for layer in layers if layer.subject is not None), None)
    bodied = next((layer for layer in layers if layer.text is not None or layer.html is not None), None)
    if subject is None or bodied is None:
        return None
    same = [layer for layer in layers if locales.primary(layer.locale) == locales.primary(bodied.locale)]
    return TemplateSource(
        name=layers[0].name,
        version=layers[0].version,
        locale=bodied.locale,
        subject=subject,
        text=next((layer.text for layer in same if layer.text is not None), None),
        html=next((layer.html for layer in same if layer.html is not None), None),
        organization_id=layers[0].organization_id,
    )
