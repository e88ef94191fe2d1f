"""How plans, subscriptions, their billing, dunning and reminders are put together, for endpoints and tasks alike."""

from services.payments import invoice_deps, orders_deps
from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.catalog.repository import ProductReader
from services.payments.customers.repository import CustomerReader
from services.payments.dunning.collecting import Collecting
from services.payments.dunning.failing import Failing
from services.payments.dunning.repository import DunningRepository
from services.payments.dunning.service import Dunning
from services.payments.dunning.uncharged import UnchargedPeriods
from services.payments.gateways.directory import Gateways
from services.payments.invoices.customer_repository import BuyerReader
from services.payments.mandates.news import NoticeNews
from services.payments.mandates.noticing import Noticing
from services.payments.mandates.planning import NoticePlanning
from services.payments.mandates.repository import NoticeReader, NoticeRepository
from services.payments.mandates.sending import NoticeClaims, NoticeRecords
from services.payments.payment_methods.repository import MethodReader
from services.payments.payment_reminders.repository import ReminderRepository
from services.payments.payment_reminders.service import SubscriptionReminders
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.plans.repository import PlanReader, PlanRepository
from services.payments.plans.service import Plans
from services.payments.subscriptions.changing import Changing
from services.payments.subscriptions.charging import PeriodCharging
from services.payments.subscriptions.dry_run import DryRun
from services.payments.subscriptions.due import DueBilling
from services.payments.subscriptions.due_repository import DueReader, DueRepository
from services.payments.subscriptions.listening import SubscriptionListener
from services.payments.subscriptions.models import SYSTEM
from services.payments.subscriptions.paid import Paying
from services.payments.subscriptions.paid_repository import PaidRepository
from services.payments.subscriptions.permits import PeriodPermits
from services.payments.subscriptions.plan_changing import PlanChanging
from services.payments.subscriptions.receiving import PeriodReceiving
from services.payments.subscriptions.repository import SubscriptionReader, SubscriptionRepository
from services.payments.subscriptions.service import Subscribing
from services.payments.subscriptions.settling import SubscriptionSettling
from services.payments.subscriptions.settling_repository import SettlingRepository
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.outbox import Publisher


def plans(session: Session, clock: Clock, *, by: str) -> Plans:
    """Writes plans, in the session's unit of work."""
    return Plans(PlanRepository(session), ProductReader(session), clock, by=by)


def subscribing(session: Session, clock: Clock, *, by: str) -> Subscribing:
    """Begins subscriptions, in the session's unit of work."""
    publisher = Publisher(session)
    return Subscribing(
        SubscriptionRepository(session),
        PlanReader(session),
        CustomerReader(session),
        MethodReader(session),
        orders_deps.sellers(session),
        publisher,
        clock,
        by=by,
    )


def changing(session: Session, clock: Clock, *, by: str) -> Changing:
    """Changes subscriptions, in the session's unit of work."""
    publisher = Publisher(session)
    collecting_ = collecting(session, clock)
    methods = MethodReader(session)
    return Changing(SubscriptionRepository(session), methods, collecting_, publisher, clock, by=by)


def plan_changing(session: Session, clock: Clock, *, by: str) -> PlanChanging:
    """Changes plans and quantities of subscriptions, in the session's unit of work."""
    publisher = Publisher(session)
    subscriptions, plans_ = SubscriptionRepository(session), PlanReader(session)
    return PlanChanging(subscriptions, plans_, publisher, clock, by=by)


def due_billing(session: Session) -> DueBilling:
    """Bills what is due, in the session's unit of work."""
    cases = KeptCases(CaseRepository(session), system_clock)
    return DueBilling(DueRepository(session), period_charging(session), cases, Publisher(session))


def period_charging(session: Session) -> PeriodCharging:
    """Charges periods that were just written, in the session's unit of work."""
    publisher = Publisher(session)
    uncharged = UnchargedPeriods(DunningRepository(session), failing(session), publisher)
    return PeriodCharging(PaymentRepository(session), noticing(session), uncharged, publisher)


def settling(session: Session) -> SubscriptionSettling:
    """Settles what is open of subscriptions that are over, in the session's unit of work."""
    unused = invoice_deps.unused_credits(session)
    stores = SettlingRepository(session), DueRepository(session)
    issuing = invoice_deps.issuing(session)
    return SubscriptionSettling(*stores, issuing, BuyerReader(session), unused, period_charging(session))


def dry_run(session: ReadSession) -> DryRun:
    """Says what billing would do."""
    return DryRun(DueReader(session))


def paying(session: Session) -> Paying:
    """Notes what money has paid, in the session's unit of work."""
    return Paying(PaidRepository(session), Publisher(session))


def collecting(session: Session, clock: Clock = system_clock) -> Collecting:
    """Charges again and gives up, in the session's unit of work."""
    cancelling = orders_deps.order_cancelling(session, clock, by=SYSTEM)
    stores = DunningRepository(session), PaymentRepository(session)
    return Collecting(*stores, noticing(session), cancelling, Publisher(session))


def failing(session: Session, clock: Clock = system_clock) -> Failing:
    """Deals with declined tries, in the session's unit of work."""
    publisher = Publisher(session)
    return Failing(
        DunningRepository(session),
        collecting(session, clock),
        noticing(session),
        orders_deps.order_steps(session, clock, by=SYSTEM),
        publisher,
    )


def dunning(session: Session, clock: Clock = system_clock) -> Dunning:
    """Makes tries that are due, in the session's unit of work."""
    publisher = Publisher(session)
    subscriptions = SubscriptionRepository(session)
    return Dunning(DunningRepository(session), collecting(session, clock), paying(session), subscriptions, publisher)


def reminders(session: Session) -> SubscriptionReminders:
    """Reminds customers, in the session's unit of work."""
    return SubscriptionReminders(ReminderRepository(session), Publisher(session))


def noticing(session: Session) -> Noticing:
    """Charges mandates on notices, in the session's unit of work."""
    return Noticing(NoticeRepository(session), Publisher(session))


def notice_news(session: Session) -> NoticeNews:
    """Sees to what becomes of notices, in the session's unit of work."""
    return NoticeNews(NoticeRepository(session), noticing(session), failing(session))


def notice_planning(session: Session) -> NoticePlanning:
    """Notices by the clock, in the session's unit of work."""
    return NoticePlanning(NoticeRepository(session), noticing(session), notice_news(session), Publisher(session))


def notice_claims(session: Session, accounts: Gateways, clock: Clock) -> NoticeClaims:
    """Says what notices are to be asked for, in the session's unit of work."""
    return NoticeClaims(session, NoticeRepository(session), accounts, clock)


def notice_records(session: Session, clock: Clock) -> NoticeRecords:
    """Writes what came of asking, in the session's unit of work."""
    return NoticeRecords(notice_news(session), clock)


def charge_permits(session: Session) -> PeriodPermits:
    """Says what of subscriptions may be charged, in the session's unit of work."""
    return PeriodPermits(SubscriptionReader(session), NoticeReader(session))


def period_receipts(session: Session) -> PeriodReceiving:
    """Brings money to periods, in the session's unit of work."""
    return PeriodReceiving(SubscriptionReader(session), invoice_deps.invoice_payments(session))


def listener(session: Session) -> SubscriptionListener:
    """Hears how payments end, in the session's unit of work."""
    return SubscriptionListener(paying(session), failing(session))
