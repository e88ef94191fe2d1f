"""The tables of templates and their versions, and which text a reader gets of what is published.

See migrations 0004 and 0010 for what each column says. An organization's own text counts before the default, and the reader's
language before English. A part that an override leaves out comes from the default. Subject and body, SMS and push are found
apart, so they may come from different languages where one lacks them; text and html never do, since they say the same, and
neither do the title and the body of a push.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications import locales
from services.notifications.templates.version_models import Uses, VersionUse
from shared.runtime.db import Model

PARTS: Final = ("subject", "text", "html", "sms", "push_title", "push_body")
MARKETING: Final = "marketing"
CAMPAIGN_PREFIX: Final = "campaign_"


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
    """The texts of one language. What was published once never changes, but for its state."""

    __tablename__ = "template_versions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("templates.id"))
    number: Mapped[int]
    locale: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str | None]
    html: Mapped[str | None]
    sms: Mapped[str | None]
    push_title: Mapped[str | None]
    push_body: Mapped[str | None]
    variables: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sample_context: Mapped[dict[str, Any]] = mapped_column(JSONB)
    based_on: Mapped[int | None]
    category: Mapped[str | None]
    state: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """What is to be rendered: an override has been filled up with the default. A part that nobody gives is None.

    version, organization_id: of the version that counts first; an organization's override, or the default (None).
    locale: the language of the e-mail's body, or, without one, of what there is.
    text: None where it is to be derived from html.
    sms_locale, push_locale: the languages of these; None for `locale`.
    variables: what the template takes, as `variables.py` has it.
    category: what it is sent as, where a version says so.
    made_of: the versions that give it, what counts first in front.
    """

    name: str
    version: int
    locale: str
    subject: str | None
    text: str | None
    html: str | None
    organization_id: UUID | None = None
    sms: str | None = None
    sms_locale: str | None = None
    push_title: str | None = None
    push_body: str | None = None
    push_locale: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    category: str | None = None
    made_of: Uses = ()

    @property
    def is_marketing(self) -> bool:
        """Whether it is advertising, which people must be able to decline."""
        return is_marketing(self.name, self.category)

    @property
    def channels(self) -> tuple[str, ...]:
        """Over which it can be sent: of `email`, `sms` and `in_app`, those of which it has all parts."""
        has = {
            "email": self.subject is not None and (self.text is not None or self.html is not None),
            "sms": self.sms is not None,
            "in_app": self.push_title is not None and self.push_body is not None,
        }
        return tuple(channel for channel, whole in has.items() if whole)


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
    sms: str | None = None
    push_title: str | None = None
    push_body: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    category: str | None = None


def is_marketing(name: str, category: str | None) -> bool:
    """Whether a template of this name that is sent as this is advertising."""
    return category == MARKETING or name.startswith(CAMPAIGN_PREFIX)


def effective(layers: Iterable[Layer], *, name: str, organization_id: UUID | None, locale: str) -> TemplateSource | None:
    """The source for a reader, of the published layers; None where they give nothing that could be sent."""
    source = complete(order(layers, name=name, organization_id=organization_id, locale=locale))
    return source if source is not None and source.channels else None


def order(layers: Iterable[Layer], *, name: str, organization_id: UUID | None, locale: str) -> list[Layer]:
    """The layers that a reader can get something of, what counts first in front."""
    wanted = locales.chain(locale)
    own = (None,) if organization_id is None else (organization_id, None)
    usable = [layer for layer in layers if layer.name == name and layer.organization_id in own and layer.locale in wanted]
    return sorted(usable, key=lambda layer: (wanted.index(layer.locale), own.index(layer.organization_id)))


def complete(layers: Sequence[Layer]) -> TemplateSource | None:
    """The first layer, filled up from those below it; None where there is no layer."""
    if not layers:
        return None
    body, sms, push = (_same_language(layers, parts) for parts in (("text", "html"), ("sms",), ("push_body",)))
    variables: dict[str, Any] = {}
    for layer in reversed(layers):
        variables |= layer.variables
    return TemplateSource(
        name=layers[0].name,
        version=layers[0].version,
        locale=next((found[0].locale for found in (body, sms, push) if found), layers[0].locale),
        subject=_first(layers, "subject"),
        text=_first(body, "text"),
        html=_first(body, "html"),
        organization_id=layers[0].organization_id,
        sms=_first(sms, "sms"),
        sms_locale=sms[0].locale if sms else None,
        push_title=_first(push or layers, "push_title"),
        push_body=_first(push, "push_body"),
        push_locale=push[0].locale if push else None,
        variables=variables,
        category=_first(layers, "category"),
        made_of=_uses(layers, {"subject": layers, "text": body, "html": body, "sms": sms, **_push_sources(layers, push)}),
    )


def _push_sources(layers: Sequence[Layer], push: Sequence[Layer]) -> dict[str, Sequence[Layer]]:
    return {"push_title": push or layers, "push_body": push}


def _uses(layers: Sequence[Layer], sources: Mapping[str, Sequence[Layer]]) -> Uses:
    """Of each layer the parts that it gives: those that no layer before it has. sources: where each part is looked for."""
    giver = {part: next((one for one in found if getattr(one, part) is not None), None) for part, found in sources.items()}
    return tuple(
        VersionUse(one.organization_id, one.locale, one.version, tuple(part for part in PARTS if giver[part] is one))
        for one in layers
    )


def _same_language(layers: Sequence[Layer], parts: Sequence[str]) -> list[Layer]:
    """The first layer that has one of the parts, and those after it in its language."""
    for layer in layers:
        if any(getattr(layer, part) is not None for part in parts):
            own = [one for one in layers if locales.primary(one.locale) == locales.primary(layer.locale)]
            return [layer, *(one for one in own if one is not layer)]
    return []


def _first(layers: Sequence[Layer], part: str) -> str | None:
    found: str | None = next((value for layer in layers if (value := getattr(layer, part)) is not None), None)
    return found
