"""What a template becomes, without sending: for previews, for drafts that are to be kept, and for test messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from services.notifications.email.mime import Content
from services.notifications.templates.models import TemplateSource
from services.notifications.templates.rendering import Push, Renderer
from services.notifications.templates.rendering_thread import in_thread

EXAMPLE_LINKS: Final[Mapping[str, str]] = {
    "frontend_url": "https://app.example.com",
    "backend_url": "https://api.example.com",
    "unsubscribe_url": "https://api.example.com/v1/unsubscribe/preview",
    "preferences_url": "https://api.example.com/v1/preferences/preview",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What to render without sending. context: None for the sample. version: a number, None for what is published."""

    context: Mapping[str, JsonValue] | None
    locale: str
    time_zone: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What one reader would get over each channel; None where the template has no such part."""

    content: Content | None
    sms: str | None
    push: Push | None


def links(frontend_url: str, backend_url: str) -> dict[str, str]:
    """Of these settings, with links of nobody's in the place of those that are a recipient's own."""
    return {
        "frontend_url": frontend_url,
        "backend_url": backend_url,
        "unsubscribe_url": f"{backend_url}/v1/unsubscribe/preview",
        "preferences_url": f"{backend_url}/v1/preferences/preview",
    }


async def tried(
    renderer: Renderer, source: TemplateSource, context: Mapping[str, JsonValue], *, locale: str, time_zone: str
) -> Tried:
    """Over all channels that it has. Off the event loop, which a hostile template may otherwise hold for seconds.

    Raises TemplateUnusable.
    """

    def render() -> Tried:
        channels = source.channels
        return Tried(
            renderer.render(source, context, locale=locale, time_zone=time_zone) if "email" in channels else None,
            renderer.render_sms(source, context, locale=locale, time_zone=time_zone) if "sms" in channels else None,
            renderer.render_push(source, context, locale=locale, time_zone=time_zone) if "in_app" in channels else None,
        )

    return await in_thread(render)
