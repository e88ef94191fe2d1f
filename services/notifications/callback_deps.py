"""Puts together what takes call-backs in, applies them, and looks for what they have not told."""

import logging
from collections.abc import Collection, Sequence
from functools import cache, partial
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from services.notifications import deps, preference_deps
from services.notifications.callbacks.account_callbacks import AccountCallbacks
from services.notifications.callbacks.bounce_sweep import BounceSweep
from services.notifications.callbacks.callback_apply import CallbackApply
from services.notifications.callbacks.contents import EventContents
from services.notifications.callbacks.delivery_track import DeliveryTracking
from services.notifications.callbacks.intake import CallbackIntake
from services.notifications.callbacks.paths import TWILIO_PATH, callback_path
from services.notifications.callbacks.readers import CallbackReaders
from services.notifications.callbacks.report_consequences import ReportConsequences
from services.notifications.callbacks.repository import ProviderEventRepository
from services.notifications.callbacks.signatures import SendGridSignature, TwilioSignature
from services.notifications.callbacks.sns import SnsMessages
from services.notifications.callbacks.sns_certificates import SnsCertificates
from services.notifications.callbacks.verp import InboundAddresses
from services.notifications.campaigns.rates import check_rates
from services.notifications.costs.price_collect import PriceCollecting
from services.notifications.email.provider import OutgoingEmail
from services.notifications.email.sendgrid import SendGridProvider
from services.notifications.email.ses import SesProvider
from services.notifications.providers.account_facts import Msg91Facts, SendGridFacts, SesFacts, TwilioFacts
from services.notifications.providers.carriers import Carrier
from services.notifications.providers.factory import Factory
from services.notifications.providers.lookups import FateSource, PriceSource
from services.notifications.providers.models import ProviderAccount
from services.notifications.providers.repository import ProviderReader
from services.notifications.settings import NotificationsSettings
from services.notifications.settings import settings as process_settings
from services.notifications.sms.provider import OutgoingSms
from services.notifications.sms.twilio import TwilioProvider
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Session
from shared.runtime.errors import ServiceError
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outbox import Publisher
from shared.runtime.payload_box import PayloadBox
from shared.runtime.process import ProcessRuntime

logger = logging.getLogger(__name__)

CAMPAIGN: Final = "notifications.campaign:"


def callback_readers(runtime: HttpRuntime) -> CallbackReaders:
    """Recognising call-backs of the providers that are set up."""
    settings = deps.own_settings(runtime.settings)
    event_key, token = settings.sendgrid_event_key, settings.twilio_auth_token
    topics, stand_in = settings.sns_topic_arns, settings.sns_certificate_url
    return CallbackReaders(
        twilio_url=f"{settings.backend_url.rstrip('/')}{TWILIO_PATH}",
        sendgrid_signature=SendGridSignature(event_key) if event_key is not None else None,
        sns_messages=SnsMessages(topics, _certificates(), runtime.clock, stand_in=stand_in) if topics else None,
        twilio_signature=TwilioSignature(token.get_secret_value()) if token is not None else None,
        msg91_secret=settings.msg91_callback_secret.get_secret_value() if settings.msg91_callback_secret is not None else None,
        bounce_secret=settings.bounce_secret.get_secret_value() if settings.bounce_secret is not None else None,
        inbound_addresses=inbound_addresses(settings),
    )


def account_callbacks(session: Session, runtime: HttpRuntime) -> AccountCallbacks:
    """Recognising call-backs of organizations' own accounts."""
    settings = deps.own_settings(runtime.settings)
    factory = Factory(settings)

    def readers_of(account: ProviderAccount) -> CallbackReaders:
        url, facts = f"{settings.backend_url.rstrip('/')}{callback_path(account)}", factory.opened(account)
        match facts:
            case SendGridFacts(event_key=str() as key):
                return CallbackReaders(url, sendgrid_signature=SendGridSignature(key))
            case SesFacts(topic_arn=str() as topic):
                stand_in = settings.sns_certificate_url
                return CallbackReaders(url, sns_messages=SnsMessages([topic], _certificates(), runtime.clock, stand_in=stand_in))
            case TwilioFacts():
                return CallbackReaders(url, twilio_signature=TwilioSignature(facts.auth_token.get_secret_value()))
            case Msg91Facts(callback_secret=SecretStr() as secret):
                return CallbackReaders(url, msg91_secret=secret.get_secret_value())
            case _:
                return CallbackReaders(url)

    return AccountCallbacks(ProviderReader(session), readers_of)


def inbound_addresses(settings: NotificationsSettings) -> InboundAddresses | None:
    """The addresses at which mails come in; None without BOUNCE_ADDRESS."""
    return InboundAddresses.at(settings.bounce_address, settings.signing) if settings.bounce_address is not None else None


def callback_intake(session: Session, runtime: HttpRuntime) -> CallbackIntake:
    """Keeping events in the session's unit of work."""
    box = PayloadBox(deps.own_settings(runtime.settings).encryption)
    return CallbackIntake(ProviderEventRepository(session), box, Publisher(session), runtime.clock)


def callback_apply(session: Session, settings: NotificationsSettings | None = None, clock: Clock = system_clock) -> CallbackApply:
    """Applying events in the session's unit of work. settings: by default the process's."""
    own = settings if settings is not None else process_settings()
    suppressing, hasher = deps.suppressing(session, own, clock), deps.address_hasher(own)
    choices = preference_deps.recipient_choices(session, own, clock)
    contents = EventContents(PayloadBox(own.encryption), inbound_addresses(own))
    currency = own.msg91_currency
    return CallbackApply(session, suppressing, choices, hasher, contents, clock, _watch_campaigns, msg91_currency=currency)


def bounce_sweep(runtime: ProcessRuntime) -> BounceSweep:
    """The effect of `notifications.process_email_bounces`."""
    settings = deps.own_settings(runtime.settings)
    factory = Factory(settings)
    emails = factory.default_emails()
    listers = {one.kind: one.provider for one in emails if isinstance(one.provider, SendGridProvider | SesProvider)}
    hasher, factor = deps.address_hasher(settings), settings.time_factor

    def opened(account: ProviderAccount) -> SendGridProvider | SesProvider | None:
        provider = _opened(factory, account)
        return provider if isinstance(provider, SendGridProvider | SesProvider) else None

    return BounceSweep(listers, opened, hasher, runtime.clock, close=lambda: _close(emails), time_factor=factor)


def delivery_tracking(runtime: ProcessRuntime) -> DeliveryTracking:
    """The effect of `notifications.track_deliveries`."""
    settings = deps.own_settings(runtime.settings)
    factory = Factory(settings)
    emails, sms = factory.default_emails(), factory.default_sms()
    sources: dict[str, FateSource] = {}
    sources |= {one.kind: one.provider for one in emails if isinstance(one.provider, SendGridProvider | SesProvider)}
    sources |= {one.kind: one.provider for one in sms if isinstance(one.provider, TwilioProvider)}
    factor = settings.time_factor
    return DeliveryTracking(
        sources,
        partial(_opened, factory),
        lambda session: ReportConsequences(session, deps.suppressing(session, settings, runtime.clock), _watch_campaigns),
        runtime.clock,
        close=lambda: _close(emails, sms),
        time_factor=factor,
    )


def price_collecting(runtime: ProcessRuntime) -> PriceCollecting:
    """The effect of `notifications.collect_sms_prices`."""
    settings = deps.own_settings(runtime.settings)
    factory = Factory(settings)
    sms = factory.default_sms()
    sources: dict[str, PriceSource] = {one.kind: one.provider for one in sms if isinstance(one.provider, TwilioProvider)}

    def opened(account: ProviderAccount) -> TwilioProvider | None:
        provider = _opened(factory, account)
        return provider if isinstance(provider, TwilioProvider) else None

    return PriceCollecting(sources, opened, runtime.clock, close=lambda: _close((), sms), time_factor=settings.time_factor)


def _opened(factory: Factory, account: ProviderAccount) -> SendGridProvider | SesProvider | TwilioProvider | None:
    """An organization's own account, ready to be asked; None where it cannot be used."""
    try:
        carrier: Carrier[OutgoingEmail] | Carrier[OutgoingSms]
        carrier = factory.own_sms(account) if account.channel == "sms" else factory.own_email(account)
    except ServiceError as error:
        logger.warning("provider_account_unusable", extra={"account": account.name, "code": error.code})
        return None
    return carrier.provider if isinstance(carrier.provider, SendGridProvider | SesProvider | TwilioProvider) else None


async def _close(emails: Sequence[Carrier[OutgoingEmail]], sms: Sequence[Carrier[OutgoingSms]] = ()) -> None:
    for carrier in emails:
        await carrier.provider.close()
    for other in sms:
        await other.provider.close()


async def _watch_campaigns(session: Session, subject_keys: Collection[str]) -> None:
    """Campaigns of which too many messages bounce pause by themselves."""
    await check_rates(session, [UUID(key.removeprefix(CAMPAIGN)) for key in subject_keys if _is_campaign(key)])


def _is_campaign(subject_key: str) -> bool:
    try:
        return subject_key.startswith(CAMPAIGN) and bool(UUID(subject_key.removeprefix(CAMPAIGN)))
    except ValueError:
        return False


@cache
def _certificates() -> SnsCertificates:
    """The process's one store of certificates."""
    return SnsCertificates()
