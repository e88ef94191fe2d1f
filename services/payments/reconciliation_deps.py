"""How reconciliation, settlements and cases are put together, for endpoints and tasks alike."""

from services.payments import payment_deps
from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import CaseDesk
from services.payments.gateways.directory import Gateways
from services.payments.gateways.repository import GatewayAccountReader
from services.payments.gateways_deps import own_settings
from services.payments.ledger.repository import Ledger
from services.payments.payments.fact_repository import FactRepository
from services.payments.reconciliation.comparing import Comparing
from services.payments.reconciliation.comparing_repository import ComparingRepository
from services.payments.reconciliation.healing import Healing
from services.payments.reconciliation.held_repository import HeldRepository
from services.payments.reconciliation.lookup_repository import LookupRepository
from services.payments.reconciliation.models import AccountKey
from services.payments.reconciliation.run_repository import RunRepository
from services.payments.reconciliation.service import Reconciling
from services.payments.reconciliation.stepping import StepClaims, StepRecords
from services.payments.settings import settings as process_settings
from services.payments.settlements.export import SettlementExport
from services.payments.settlements.reading_repository import SettlementReader
from services.payments.settlements.repository import SettlementRepository
from services.payments.settlements.tracing import Tracing
from services.payments.settlements.tracing_repository import TraceReader
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock
from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.outbox import Publisher
from shared.runtime.settings import ServiceSettings


async def reconciling(session: Session, settings: ServiceSettings | None = None) -> Reconciling:
    """Begins runs, in the session's unit of work. settings: by default the process's."""
    installed = own_settings(settings if settings is not None else process_settings()).installed_gateways
    own = await GatewayAccountReader(session).everybodys()
    accounts = [
        *(AccountKey(name, name, None) for name in installed),
        *(AccountKey(one.gateway, one.key, one.organization_id) for one in own),
    ]
    return Reconciling(RunRepository(session), accounts, Publisher(session))


def step_claims(session: Session, accounts: Gateways) -> StepClaims:
    """Says what a run reads next, in the session's unit of work."""
    return StepClaims(session, RunRepository(session), LookupRepository(session), accounts)


def step_records(session: Session, clock: Clock) -> StepRecords:
    """Writes down what a run has read, in the session's unit of work."""
    runs, settlements = RunRepository(session), SettlementRepository(session)
    facts = payment_deps.gateway_facts(session, clock)
    healing = Healing(HeldRepository(session), FactRepository(session), facts, runs)
    return StepRecords(runs, LookupRepository(session), healing, settlements, comparing(session), Publisher(session), clock)


def comparing(session: Session) -> Comparing:
    """Judges and posts what runs have read, in the session's unit of work."""
    return Comparing(ComparingRepository(session), RunRepository(session), SettlementRepository(session), Ledger(session))


def case_desk(session: Session, clock: Clock, caller: Principal) -> CaseDesk:
    """Works on cases for a caller, in the session's unit of work."""
    return CaseDesk(CaseRepository(session), clock, caller.organization_id, by=caller.id)


def settlements(session: ReadSession) -> SettlementReader:
    """Reads settlements and their items."""
    return SettlementReader(session)


def settlement_export(database: Database) -> SettlementExport:
    """Writes settlements and their items as a file."""
    return SettlementExport(database)


def tracing(session: ReadSession) -> Tracing:
    """Follows an id through orders, payments and settlements."""
    return Tracing(TraceReader(session), SettlementReader(session))
