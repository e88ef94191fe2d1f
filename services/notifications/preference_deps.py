"""Puts together what people and organizations want to be sent: categories, policies, preferences, and the public pages."""

from uuid import UUID

from services.notifications.categories.repository import CategoryReader, CategoryRepository
from services.notifications.categories.service import Categories, CategoryChanges
from services.notifications.people.repository import PersonReader, PersonRepository
from services.notifications.people.service import PeopleChanges
from services.notifications.policies.repository import PolicyReader, PolicyRepository
from services.notifications.policies.service import Policies, PolicyChanges
from services.notifications.preferences.declined_addresses import DeclinedAddresses
from services.notifications.preferences.repository import PreferenceReader, PreferenceRepository
from services.notifications.preferences.service import PreferenceChanges, Preferences
from services.notifications.preferences.tokens import LinkTokens
from services.notifications.settings import NotificationsSettings
from services.notifications.settings import settings as process_settings
from services.notifications.suppressions.repository import SuppressionRepository
from services.notifications.unsubscribing.address_choices import AddressChoices
from services.notifications.unsubscribing.choices import RecipientChoices
from services.notifications.unsubscribing.repository import AddressReader
from services.notifications.unsubscribing.service import PublicChanges, PublicPages
from services.notifications.unsubscribing.visits import Visits
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.http.runtime import HttpRuntime
from shared.runtime.settings import ServiceSettings


def categories(session: ReadSession, organization_id: UUID | None) -> Categories:
    """Reading categories as a caller of this organization, or of none."""
    return Categories(CategoryReader(session), organization_id)


def category_changes(session: Session, clock: Clock = system_clock) -> CategoryChanges:
    """Writing categories in the session's unit of work."""
    return CategoryChanges(CategoryRepository(session), clock)


def policies(session: ReadSession) -> Policies:
    """Reading organizations' policies."""
    return Policies(PolicyReader(session))


def policy_changes(session: Session, clock: Clock = system_clock) -> PolicyChanges:
    """Writing organizations' policies in the session's unit of work."""
    return PolicyChanges(PolicyRepository(session), CategoryReader(session), clock)


def preferences(session: ReadSession) -> Preferences:
    """Reading what people want."""
    return Preferences(PreferenceReader(session), CategoryReader(session), PolicyReader(session), PersonReader(session))


def preference_changes(session: Session, settings: ServiceSettings, clock: Clock = system_clock) -> PreferenceChanges:
    """Writing what people want in the session's unit of work."""
    people, repository = PersonReader(session), PreferenceRepository(session)
    addresses, held = declined_addresses(session, settings), PersonRepository(session)
    return PreferenceChanges(repository, CategoryReader(session), PolicyReader(session), people, held, addresses, clock)


def people_changes(session: Session, settings: ServiceSettings | None = None, clock: Clock = system_clock) -> PeopleChanges:
    """Writing people in the session's unit of work. settings: by default the process's."""
    own = settings if settings is not None else process_settings()
    return PeopleChanges(PersonRepository(session), declined_addresses(session, own), clock)


def declined_addresses(session: Session, settings: ServiceSettings) -> DeclinedAddresses:
    """Keeping the suppression list in step with what people choose."""
    hasher = _own(settings).address_hasher
    return DeclinedAddresses(SuppressionRepository(session), PreferenceReader(session), hasher)


def public_pages(session: ReadSession, runtime: HttpRuntime) -> PublicPages:
    """Showing the pages behind the links of messages."""
    return PublicPages(_visits(session, runtime.settings), runtime.clock)


def public_changes(session: Session, runtime: HttpRuntime) -> PublicChanges:
    """Doing what these pages offer, in the session's unit of work."""
    visits, settings, clock = _visits(session, runtime.settings), runtime.settings, runtime.clock
    people, choices = preference_changes(session, settings, clock), recipient_choices(session, settings, clock)
    return PublicChanges(visits, people, choices, clock)


def recipient_choices(session: Session, settings: ServiceSettings, clock: Clock) -> RecipientChoices:
    """Writing what recipients choose, on our pages or elsewhere, in the session's unit of work."""
    history, suppressions = PreferenceRepository(session), SuppressionRepository(session)
    addresses = AddressChoices(AddressReader(session), suppressions, history, clock)
    people = preference_changes(session, settings, clock)
    return RecipientChoices(_visits(session, settings), people, addresses, history)


def link_tokens(settings: ServiceSettings) -> LinkTokens:
    """The tokens in the links of messages."""
    return LinkTokens(_own(settings).signing)


def _visits(session: ReadSession, settings: ServiceSettings) -> Visits:
    return Visits(link_tokens(settings), preferences(session), AddressReader(session))


def _own(settings: ServiceSettings) -> NotificationsSettings:
    assert isinstance(settings, NotificationsSettings), "the runtime of this service carries this service's settings"
    return settings
