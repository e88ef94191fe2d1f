"""The HTTP API of the payments service: `uvicorn services.payments.app:app`."""

from typing import Final

from fastapi import APIRouter, FastAPI

from services.payments.carts.anonymous_endpoints import router as anonymous_carts
from services.payments.carts.endpoints import router as carts
from services.payments.cases.endpoints import router as cases
from services.payments.catalog.endpoints import router as products
from services.payments.coupons.endpoints import router as coupons
from services.payments.credit_notes.endpoints import of_invoice as credit_notes_of_invoice
from services.payments.credit_notes.endpoints import router as credit_notes
from services.payments.credits import endpoints as credit
from services.payments.customers.endpoints import router as customers
from services.payments.disputes import endpoints as disputes
from services.payments.dunning.settings_endpoints import router as subscription_settings
from services.payments.gateways import endpoints as gateways
from services.payments.history.endpoints import router as history
from services.payments.invoices.action_endpoints import router as invoice_actions
from services.payments.invoices.endpoints import router as invoices
from services.payments.invoices.pdf_endpoints import router as invoice_files
from services.payments.ledger.endpoints import router as ledger
from services.payments.legal_entities.endpoints import router as legal_entities
from services.payments.manufacturers.capability_endpoints import router as manufacturer_capabilities
from services.payments.manufacturers.endpoints import router as manufacturers
from services.payments.matching.endpoints import router as matching
from services.payments.matching.policy_endpoints import router as matching_policy
from services.payments.offers.answer_endpoints import router as offer_answers
from services.payments.offers.endpoints import router as offers
from services.payments.orders.action_endpoints import router as order_actions
from services.payments.orders.endpoints import router as orders
from services.payments.orders.settings_endpoints import router as order_settings
from services.payments.payment_methods import endpoints as payment_methods
from services.payments.payments import action_endpoints as payment_actions
from services.payments.payments import endpoints as payments
from services.payments.plans.endpoints import router as plans
from services.payments.reconciliation.endpoints import router as reconciliation
from services.payments.refunds import endpoints as refunds
from services.payments.settings import PaymentsSettings
from services.payments.settings import settings as read_settings
from services.payments.settlements import endpoints as settlements
from services.payments.subscriptions.action_endpoints import router as subscription_actions
from services.payments.subscriptions.endpoints import router as subscriptions
from services.payments.tariffs.endpoints import router as tariffs
from services.payments.tariffs.endpoints import trips as billable_trips
from services.payments.webhooks import endpoints as webhooks
from shared.runtime.http import app as http

# Those that are asked most often first: a request is held against one after the other.
ROUTERS: Final[tuple[APIRouter, ...]] = (
    orders,
    order_actions,
    payments.router,
    payment_actions.actions,
    webhooks.webhooks,
    carts,
    anonymous_carts,
    billable_trips,
    cases,
    history,
    coupons,
    credit.router,
    credit_notes,
    credit_notes_of_invoice,
    customers,
    disputes.router,
    gateways.accounts,
    gateways.standings,
    invoice_actions,
    invoice_files,
    invoices,
    ledger,
    legal_entities,
    manufacturer_capabilities,
    manufacturers,
    matching,
    matching_policy,
    offer_answers,
    offers,
    order_settings,
    payment_actions.settings,
    payment_methods.methods,
    payment_methods.of_customers,
    plans,
    products,
    reconciliation,
    refunds.plans,
    refunds.router,
    settlements.router,
    settlements.traces,
    subscription_actions,
    subscription_settings,
    subscriptions,
    tariffs,
    webhooks.events,
)


def create_app(settings: PaymentsSettings | type[PaymentsSettings] = PaymentsSettings) -> FastAPI:
    """The application; given the class, it reads its settings when it starts."""
    return http.create_app(settings, ROUTERS)


def __getattr__(name: str) -> FastAPI:
    # A server asks for `app`: then settings are read and wrong ones end the process. Importing the module needs none.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return http.serve(read_settings(), create_app)
