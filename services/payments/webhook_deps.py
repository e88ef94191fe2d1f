"""How the taking and applying of gateways' events is put together, for endpoints and tasks alike."""

from uuid import UUID

from services.payments import payment_deps, subscription_deps
from services.payments.gateways.directory import Account
from services.payments.gateways_deps import gateways, own_settings
from services.payments.settings import settings
from services.payments.webhooks.applying import WebhookApplying
from services.payments.webhooks.intake import WebhookIntake
from services.payments.webhooks.repository import EventRepository
from shared.runtime.clock import Clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outbox import Publisher
from shared.runtime.payload_box import PayloadBox


def webhook_intake(session: Session, runtime: HttpRuntime) -> WebhookIntake:
    """Takes events, in the session's unit of work."""
    box = PayloadBox(own_settings(runtime.settings).encryption)
    return WebhookIntake(EventRepository(session), box, Publisher(session), runtime.clock)


def webhook_applying(session: Session, clock: Clock) -> WebhookApplying:
    """Applies events, in the session's unit of work."""
    box = PayloadBox(settings().encryption)
    facts = payment_deps.gateway_facts(session, clock)
    notices = subscription_deps.notice_news(session)
    return WebhookApplying(EventRepository(session), facts, notices, box, Publisher(session), clock)


def installed_account(runtime: HttpRuntime, gateway: str) -> Account:
    """The installation's account. Raises GatewayAccountNotFound."""
    return gateways(runtime).installed(gateway)


async def own_account(session: ReadSession, runtime: HttpRuntime, account_id: UUID) -> Account:
    """An organization's own. Raises GatewayAccountNotFound, and what makes it unusable."""
    return await gateways(runtime).with_id(session, account_id)
