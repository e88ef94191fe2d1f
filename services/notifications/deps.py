"""Who gets what: the one place where the service's parts are put together."""

from datetime import datetime
from functools import cache
from uuid import UUID

from services.notifications.addresses import AddressHasher
from services.notifications.campaigns.advance import CampaignSteps
from services.notifications.campaigns.categories import CategoryCheck
from services.notifications.campaigns.counts_repository import CountsReader, CountsRepository
from services.notifications.campaigns.estimate import Estimates
from services.notifications.campaigns.recipient_import import RecipientImport
from services.notifications.campaigns.recipient_repository import RecipientReader, RecipientRepository
from services.notifications.campaigns.repository import CampaignReader, CampaignRepository
from services.notifications.campaigns.service import CampaignChanges, Campaigns
from services.notifications.campaigns.template_check import TemplateCheck
from services.notifications.campaigns.waiting_repository import WaitingRepository
from services.notifications.cancellations.repository import CancellationReader, CancellationRepository
from services.notifications.cancellations.service import Cancelling
from services.notifications.categories.repository import CategoryReader
from services.notifications.deliveries.delivery_drop import DroppedDeliveries
from services.notifications.deliveries.repository import DeliveryReader, DeliveryRepository
from services.notifications.deliveries.service import Deliveries
from services.notifications.dlt.registry import Registry
from services.notifications.dlt.repository import DltReader, DltRepository
from services.notifications.dlt.service import DltTemplateChanges, DltTemplates
from services.notifications.documents.document_fetch import DocumentFetcher, Owner
from services.notifications.in_app.withdrawal import withdraw
from services.notifications.people.repository import PersonReader
from services.notifications.people.service import People
from services.notifications.policies.repository import PolicyReader
from services.notifications.settings import NotificationsSettings
from services.notifications.sms.prices import PriceList, listed_prices, price_in
from services.notifications.suppressions.gate import SuppressionGate
from services.notifications.suppressions.repository import SuppressionReader, SuppressionRepository
from services.notifications.suppressions.service import Suppressing
from services.notifications.suppressions.suppression_change import Operator, SuppressionChanges, Suppressions
from services.notifications.suppressions.suppression_export import SuppressionExport
from services.notifications.suppressions.suppression_import import SuppressionImport
from services.notifications.templates.drift_repository import DriftReader
from services.notifications.templates.rendering import Renderer
from services.notifications.templates.repository import TemplateReader, TemplateRepository
from services.notifications.templates.service import TemplateChanges, Templates
from services.notifications.templates.trial_sending import TrialSending
from services.notifications.templates.trials import links
from shared.contracts.money import Money
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.http.client import service_client
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.outbox import Publisher
from shared.runtime.settings import ServiceSettings


def deliveries(session: ReadSession, organization_id: UUID | None) -> Deliveries:
    """Reading deliveries as a caller of this organization, or of none."""
    return Deliveries(DeliveryReader(session), CancellationReader(session), organization_id)


def cancelling(session: Session, clock: Clock = system_clock) -> Cancelling:
    """Cancelling what waits, in the session's unit of work."""
    deliveries, dropped = DeliveryRepository(session), DroppedDeliveries(session)

    async def take_back(subject_key: str, before: datetime, organization_id: UUID | None) -> object:
        return await withdraw(session, [subject_key], before, organization_id=organization_id)

    return Cancelling(CancellationRepository(session), deliveries, dropped, take_back, clock)


@cache
def renderer() -> Renderer:
    """The process's one renderer, which keeps what it has compiled."""
    return Renderer()


def people(session: ReadSession, organization_id: UUID | None) -> People:
    """Reading people as a caller of this organization, or of none."""
    return People(PersonReader(session), organization_id)


def templates(session: ReadSession) -> Templates:
    """Reading templates and trying them."""
    return Templates(TemplateReader(session), renderer())


def template_trials(session: ReadSession, runtime: HttpRuntime) -> Templates:
    """Trying templates with the links of this installation."""
    settings = own_settings(runtime.settings)
    return Templates(TemplateReader(session), renderer(), links(settings.frontend_url, settings.backend_url))


def template_trial_sending(session: Session, runtime: HttpRuntime) -> TrialSending:
    """Sending tests of templates in the session's unit of work."""
    return TrialSending(template_trials(session, runtime), Publisher(session), runtime.clock)


def template_drift(session: ReadSession) -> DriftReader:
    """Comparing overrides with defaults."""
    return DriftReader(session)


def template_changes(session: Session, clock: Clock) -> TemplateChanges:
    """Writing templates in the session's unit of work."""
    return TemplateChanges(TemplateRepository(session), renderer(), clock)


def address_hasher(settings: ServiceSettings) -> AddressHasher:
    """Hashes addresses as all of the service does."""
    return own_settings(settings).address_hasher


def suppression_gate() -> SuppressionGate:
    """Stops what the suppression list forbids."""
    return SuppressionGate()


def suppressing(session: Session, settings: ServiceSettings, clock: Clock = system_clock) -> Suppressing:
    """Keeping the suppression list to what providers say, in the session's unit of work."""
    return Suppressing(session, address_hasher(settings), clock)


def suppressions(session: ReadSession, runtime: HttpRuntime, organization_id: UUID | None) -> Suppressions:
    """Reading the suppression list as a caller of this organization, or of none."""
    return Suppressions(SuppressionReader(session), address_hasher(runtime.settings), organization_id)


def suppression_changes(session: Session, runtime: HttpRuntime, principal: Principal) -> SuppressionChanges:
    """Changing the suppression list by hand."""
    hasher = address_hasher(runtime.settings)
    return SuppressionChanges(SuppressionRepository(session), hasher, _operator(principal), runtime.clock)


def suppression_import(session: Session, runtime: HttpRuntime, principal: Principal) -> SuppressionImport:
    """Importing suppressions in the session's unit of work."""
    hasher = address_hasher(runtime.settings)
    return SuppressionImport(SuppressionRepository(session), hasher, _operator(principal), runtime.clock)


def suppression_export(database: Database) -> SuppressionExport:
    """Exporting suppressions, page by page."""
    return SuppressionExport(database)


def _operator(principal: Principal) -> Operator:
    return Operator(principal.id, principal.organization_id, principal.may("notifications:admin"))


def campaigns(session: ReadSession, organization_id: UUID | None) -> Campaigns:
    """Reading campaigns as a caller of this organization, or of none."""
    return Campaigns(CampaignReader(session), CountsReader(session), RecipientReader(session), organization_id)


def campaign_changes(session: Session, clock: Clock = system_clock) -> CampaignChanges:
    """Planning, starting and stopping campaigns in the session's unit of work."""
    recipients = RecipientRepository(session)
    check = TemplateCheck(TemplateReader(session), recipients, PolicyReader(session))
    categories = CategoryCheck(CategoryReader(session))
    repository, counts, publisher = CampaignRepository(session), CountsRepository(session), Publisher(session)
    return CampaignChanges(repository, counts, recipients, check, categories, cancelling(session, clock), publisher, clock)


def campaign_steps(session: Session, clock: Clock = system_clock) -> CampaignSteps:
    """Carrying campaigns on in the session's unit of work."""
    recipients = RecipientRepository(session)
    check = TemplateCheck(TemplateReader(session), recipients, PolicyReader(session))
    counts, waiting = CountsRepository(session), WaitingRepository(session)
    return CampaignSteps(CampaignRepository(session), counts, waiting, recipients, check, Publisher(session), clock)


def campaign_import(session: Session, runtime: HttpRuntime) -> RecipientImport:
    """Uploading a campaign's list in the session's unit of work."""
    hasher, country = address_hasher(runtime.settings), own_settings(runtime.settings).sms_default_country
    campaigns, recipients = CampaignRepository(session), RecipientRepository(session)
    return RecipientImport(campaigns, recipients, PolicyReader(session), hasher, country, runtime.clock)


def campaign_estimates(session: ReadSession, runtime: HttpRuntime) -> Estimates:
    """What campaigns would come to."""
    recipients, hasher = RecipientReader(session), address_hasher(runtime.settings)
    check = TemplateCheck(TemplateReader(session), recipients, PolicyReader(session))
    suppressions, policies = SuppressionReader(session), PolicyReader(session)
    return Estimates(CampaignReader(session), recipients, suppressions, policies, check, renderer(), hasher, runtime.clock)


def dlt_templates(session: ReadSession, organization_id: UUID | None) -> DltTemplates:
    """Reading registered texts as a caller of this organization, or of none."""
    return DltTemplates(DltReader(session), Registry(), organization_id)


def dlt_template_changes(session: Session, clock: Clock) -> DltTemplateChanges:
    """Writing registered texts in the session's unit of work."""
    return DltTemplateChanges(DltRepository(session), clock)


def documents(settings: ServiceSettings) -> DocumentFetcher:
    """Fetching what goes along with mails from its owners."""
    own = own_settings(settings)
    url = own.payments_url
    connect = (lambda: service_client(own, "payments", url)) if url is not None else None
    return DocumentFetcher({"payments.invoice": Owner("/v1/invoices/{id}/pdf", "PAYMENTS_URL", connect)}, own.time_factor)


def price_list(settings: ServiceSettings, named: Money | None = None) -> PriceList:
    """What SMS cost: by the number, or as a request names it."""
    return PriceList(listed_prices(own_settings(settings).sms_prices), named)


async def sms_price(
    session: ReadSession, settings: ServiceSettings, organization_id: UUID | None, named: Money | None
) -> Money | None:
    """What a thousand segments cost: as a request names it, else by the price list, in the organization's country."""
    if named is not None:
        return named
    own = own_settings(settings)
    countries = await PolicyReader(session).countries([organization_id]) if organization_id is not None else {}
    return price_in(countries.get(organization_id, own.sms_default_country), listed_prices(own.sms_prices))


def own_settings(settings: ServiceSettings) -> NotificationsSettings:
    """The settings as this service's own."""
    assert isinstance(settings, NotificationsSettings), "the runtime of this service carries this service's settings"
    return settings
