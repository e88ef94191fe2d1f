"""The HTTP API of the alerts service: `uvicorn services.alerts.app:app`."""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.alerts.alert_emails.endpoints import router as alert_emails
from services.alerts.alerts.action_endpoints import router as alert_actions
from services.alerts.alerts.endpoints import router as alerts
from services.alerts.calendars.endpoints import router as calendars
from services.alerts.evaluation.endpoints import of_shipment as shipment_evaluation
from services.alerts.evaluation.endpoints import router as evaluations
from services.alerts.policies.endpoints import router as policies
from services.alerts.settings import AlertsSettings
from services.alerts.settings import settings as read_settings
from services.alerts.shipments.endpoints import router as shipments
from services.alerts.shipments.import_endpoints import router as shipment_imports
from shared.runtime.http import app as http

ROUTERS: Final[tuple[APIRouter, ...]] = (
    shipment_imports,
    shipments,
    evaluations,
    shipment_evaluation,
    alerts,
    alert_actions,
    alert_emails,
    policies,
    calendars,
)


def create_app(settings: AlertsSettings | type[AlertsSettings] = AlertsSettings) -> FastAPI:
    """The application; given the class, it reads its settings when it starts."""
    return http.create_app(settings, ROUTERS)


def __getattr__(name: str) -> FastAPI:
    # A server asks for `app`: then settings are read and wrong ones end the process. Importing the module needs none.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return http.serve(read_settings(), create_app)
