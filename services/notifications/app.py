"""The HTTP API of the notifications service: `uvicorn services.notifications.app:app`."""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.notifications.cancellations import endpoints as cancellations
from services.notifications.deliveries import endpoints as deliveries
from services.notifications.people import endpoints as people
from services.notifications.settings import NotificationsSettings
from services.notifications.settings import settings as read_settings
from services.notifications.templates import endpoints as templates
from shared.runtime.http import app as http
from shared.runtime.logging import configure_logging

ROUTERS: Final[tuple[APIRouter, ...]] = (
    deliveries.router,
    deliveries.emails,
    deliveries.templated,
    cancellations.router,
    people.router,
    templates.router,
)


def create_app(settings: NotificationsSettings | type[NotificationsSettings] = NotificationsSettings) -> FastAPI:
    """The application; given the class, it reads its settings when it starts."""
    return http.create_app(settings, ROUTERS)


def __getattr__(name: str) -> FastAPI:
    # A server asks for `app`: then settings are read and wrong ones end the process. Importing the module needs none.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    configure_logging(read_settings(), "api")
    return create_app(read_settings())
