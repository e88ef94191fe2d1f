"""How manufacturers, matching and offers are put together, for endpoints and tasks alike."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.payments import orders_deps
from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.ledger.models import Account, Entry, Posting
from services.payments.ledger.repository import Ledger
from services.payments.manufacturers.import_repository import CapabilityImportRepository
from services.payments.manufacturers.import_service import CapabilitiesImport
from services.payments.manufacturers.repository import ManufacturerRepository
from services.payments.manufacturers.service import Manufacturers
from services.payments.matching.alert_repository import AlertRepository
from services.payments.matching.chunk import ChunkMatch, Planners
from services.payments.matching.demand_repository import DemandReader, DemandRepository
from services.payments.matching.explanations import Explanations, WhatIfs
from services.payments.matching.match_repository import MatchReader
from services.payments.matching.order_matches import OrderMatches
from services.payments.matching.policy_models import Policy
from services.payments.matching.policy_repository import PolicyReader, PolicyRepository
from services.payments.matching.policy_service import Policies
from services.payments.matching.pool_repository import PoolReader
from services.payments.matching.run_repository import RunReader, RunRepository
from services.payments.matching.service import MatchRuns
from services.payments.matching.waiting_alerts import WaitingAlerts
from services.payments.offers.answer_repository import AnswerReader
from services.payments.offers.answers import AnswerPages, Answers
from services.payments.offers.capacity_repository import CapacityRepository
from services.payments.offers.contact_repository import ContactReader
from services.payments.offers.deliveries import SOURCE, Deliveries
from services.payments.offers.delivery_repository import DeliveryRepository
from services.payments.offers.letters import OfferLetters
from services.payments.offers.repository import OfferRepository
from services.payments.offers.service import OfferEnds, OfferExpiry, Offers
from services.payments.settings import PaymentsSettings
from services.payments.settings import settings as process_settings
from shared.contracts.money import Money
from shared.contracts.payments import MatchOrders
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.outbox import Publisher
from shared.runtime.settings import ServiceSettings

ASSIGNED: Final = "manufacturers make all of it"


def manufacturers(session: Session, clock: Clock, caller: Principal) -> Manufacturers:
    """Writes manufacturers for a caller, in the session's unit of work."""
    return Manufacturers(ManufacturerRepository(session), PolicyReader(session), clock, caller.organization_id, by=caller.id)


def capabilities_import(session: Session, clock: Clock, organization_id: UUID) -> CapabilitiesImport:
    """Imports what an organization's manufacturers can make, in the session's unit of work."""
    return CapabilitiesImport(CapabilityImportRepository(session, organization_id), clock)


def matching_policies(session: Session, organization_id: UUID, caller: Principal) -> Policies:
    """Publishes an organization's policy, in the session's unit of work."""
    return Policies(PolicyRepository(session), ManufacturerRepository(session), organization_id, by=caller.id)


def match_runs(session: Session, settings: ServiceSettings | None = None, clock: Clock = system_clock) -> MatchRuns:
    """Matches orders, in the session's unit of work. settings: by default the process's."""
    publisher, runs, demands = Publisher(session), RunRepository(session), DemandRepository(session)
    own = settings if settings is not None else process_settings()
    assert isinstance(own, PaymentsSettings), "the runtime of this service carries this service's settings"
    chunks = ChunkMatch(
        demands=demands,
        planners=Planners(PoolReader(session)),
        policies=PolicyReader(session),
        capacity=CapacityRepository(session),
        offers=OfferRepository(session),
        runs=runs,
        letters=OfferLetters(ContactReader(session), publisher, own.backend_url),
    )
    return MatchRuns(demands, runs, chunks, WaitingAlerts(AlertRepository(session), publisher), publisher, clock)


def request_run(session: Session, organization_id: UUID | None) -> UUID:
    """Ask for a run over what waits, in the session's unit of work; returns its id."""
    return Publisher(session).publish(MatchOrders(organization_id=organization_id))


def order_matches(session: ReadSession) -> OrderMatches:
    """Reads where orders stand, and runs."""
    return OrderMatches(MatchReader(session), RunReader(session))


def explanations(session: ReadSession, organization_id: UUID | None) -> Explanations:
    """Reads decisions."""
    return Explanations(RunReader(session), ContactReader(session), organization_id)


def what_ifs(session: ReadSession, clock: Clock) -> WhatIfs:
    """Answers how an order would be matched."""
    return WhatIfs(DemandReader(session), Planners(PoolReader(session)), PolicyReader(session), ContactReader(session), clock)


def offers(session: Session, clock: Clock) -> Offers:
    """Takes answers to offers, in the session's unit of work."""
    publisher, demands, repository = Publisher(session), DemandRepository(session), OfferRepository(session)
    return Offers(repository, demands, _ends(session), _OrderProduction(session, clock), publisher)


def offer_expiry(session: Session) -> OfferExpiry:
    """Ends offers by the clock, in the session's unit of work."""
    cases = KeptCases(CaseRepository(session), system_clock)
    return OfferExpiry(OfferRepository(session), DemandRepository(session), _ends(session), cases, Publisher(session))


def answer_pages(session: ReadSession, clock: Clock) -> AnswerPages:
    """Shows offers to those who have their links."""
    return AnswerPages(AnswerReader(session, Policy().time_zone), clock)


def answers(session: Session, clock: Clock) -> Answers:
    """Takes manufacturers' own answers, in the session's unit of work."""
    reader = AnswerReader(session, Policy().time_zone)
    return Answers(answer_pages(session, clock), reader, offers(session, clock), clock)


def deliveries(session: Session) -> Deliveries:
    """Records deliveries, in the session's unit of work."""
    return Deliveries(OfferRepository(session), DeliveryRepository(session), PolicyReader(session), _LedgerPayables(session))


def _ends(session: Session) -> OfferEnds:
    return OfferEnds(OfferRepository(session), CapacityRepository(session), DemandRepository(session), Publisher(session))


class _OrderProduction:
    """Brings orders into production as people do."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def begin(self, order_id: UUID, *, by: str) -> None:
        """One that is not paid yet is made on credit: its organization's policy has it matched before."""
        steps = orders_deps.order_steps(self._session, self._clock, by=by)
        await steps.produce(order_id, None, ASSIGNED, lambda _: None)


class _LedgerPayables:
    """Posts what is owed to manufacturers."""

    def __init__(self, session: Session) -> None:
        self._ledger = Ledger(session)

    async def owe(self, organization_id: UUID, delivery_id: UUID, amount: Money, *, at: datetime, description: str) -> None:
        """Posted once, by the delivery's id."""
        costs = Entry(Account.MANUFACTURER_COSTS, amount.currency, amount.amount_minor)
        payable = Entry(Account.MANUFACTURER_PAYABLE, amount.currency, -amount.amount_minor)
        posting = Posting(organization_id, SOURCE, str(delivery_id), at, description, (costs, payable))
        await self._ledger.post([posting])
