"""The HTTP API of the notifications service: `uvicorn services.notifications.app:app`."""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.notifications.callbacks import endpoints as callbacks
from services.notifications.campaigns import action_endpoints as campaign_actions
from services.notifications.campaigns import endpoints as campaigns
from services.notifications.campaigns import recipient_endpoints as campaign_recipients
from services.notifications.cancellations import endpoints as cancellations
from services.notifications.categories import endpoints as categories
from services.notifications.deliveries import endpoints as deliveries
from services.notifications.dlt import endpoints as dlt
from services.notifications.in_app import endpoints as in_app
from services.notifications.people import endpoints as people
from services.notifications.policies import endpoints as policies
from services.notifications.preferences import endpoints as preferences
from services.notifications.privacy import endpoints as privacy
from services.notifications.providers import endpoints as providers
from services.notifications.requests import endpoints as requests
from services.notifications.settings import NotificationsSettings
from services.notifications.settings import settings as read_settings
from services.notifications.suppressions import endpoints as suppressions
from services.notifications.suppressions import file_endpoints as suppression_files
from services.notifications.templates import endpoints as templates
from services.notifications.unsubscribing import endpoints as unsubscribing
from shared.runtime.http import app as http

ROUTERS: Final[tuple[APIRouter, ...]] = (
    deliveries.router,
    requests.router,
    providers.accounts,
    providers.routes,
    providers.standings,
    callbacks.router,
    cancellations.router,
    campaigns.router,
    campaign_actions.router,
    campaign_recipients.router,
    people.router,
    privacy.router,
    in_app.router,
    categories.router,
    policies.router,
    preferences.router,
    unsubscribing.router,
    dlt.router,
    suppressions.router,
    suppression_files.router,
    templates.router,
)


def create_app(settings: NotificationsSettings | type[NotificationsSettings] = NotificationsSettings) -> FastAPI:
    """The application; given the class, it reads its settings when it starts."""
    return http.create_app(settings, ROUTERS)


def __getattr__(name: str) -> FastAPI:
    # A server asks for `app`: then settings are read and wrong ones end the process. Importing the module needs none.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return http.serve(read_settings(), create_app)
