"""How payments, refunds, credits and what gateways say are put together, for endpoints and tasks alike."""

from collections.abc import Callable
from typing import Final

from services.payments import invoice_deps, orders_deps, subscription_deps
from services.payments.attempts.call_claims import CallClaims, CallRecords
from services.payments.attempts.claiming import SETTLE_S, ChargeClaims, ClaimStores
from services.payments.attempts.failures import FailureHandling
from services.payments.attempts.recording import ChargeRecords
from services.payments.attempts.repository import AttemptRepository
from services.payments.attempts.upkeep import PaymentUpkeep
from services.payments.attempts.upkeep_repository import UpkeepRepository
from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.credits.repository import CreditRepository
from services.payments.credits.returning import CreditReturns
from services.payments.credits.service import Credits
from services.payments.disputes.repository import DisputeReader
from services.payments.disputes.returning import DisputeReturns
from services.payments.disputes.settling import DisputeSettling
from services.payments.gateways.directory import Gateways
from services.payments.ledger.repository import Ledger
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.payment_methods.keeping import MethodKeeping
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payments.fact_repository import FactRepository
from services.payments.payments.facts import GatewayFacts, GoingBack, Stores
from services.payments.payments.listeners import PaymentListener
from services.payments.payments.policy_repository import PolicyReader
from services.payments.payments.repository import PaymentReader
from services.payments.payments.settling import Settling
from services.payments.payments.writing_repository import PaymentRepository
from services.payments.refunds.converging import RefundFacts
from services.payments.refunds.repository import RefundRepository
from services.payments.refunds.requesting import RefundRequests
from services.payments.refunds.service import Refunds
from shared.runtime.clock import Clock
from shared.runtime.db import Session
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime

LISTENERS: Final[tuple[Callable[[Session], PaymentListener], ...]] = (subscription_deps.listener,)
"""Whoever has to know at once how payments end, each made for a unit of work."""


def payment_listeners(session: Session) -> list[PaymentListener]:
    """In the session's unit of work."""
    return [listener(session) for listener in LISTENERS]


def gateway_facts(session: Session, clock: Clock) -> GatewayFacts:
    """Applies what gateways say, in the session's unit of work."""
    stores = Stores(
        FactRepository(session),
        PaymentRepository(session),
        MethodRepository(session),
        PolicyReader(session),
        orders_deps.order_payments(session),
    )
    disputes = DisputeSettling(DisputeReader(session), Ledger(session), cases(session, clock), Publisher(session))
    going_back = GoingBack(refund_facts(session, clock), refund_requests(session), disputes)
    return GatewayFacts(stores, settling(session, clock), going_back, cases(session, clock), Publisher(session), clock)


def cases(session: Session, clock: Clock) -> KeptCases:
    """Keeps what a person has to look at, in the session's unit of work."""
    return KeptCases(CaseRepository(session), clock)


def settling(session: Session, clock: Clock) -> Settling:
    """Books money that has come, in the session's unit of work."""
    return Settling(
        PaymentRepository(session),
        orders_deps.order_payments(session),
        invoice_deps.invoice_payments(session),
        CreditRepository(session),
        Ledger(session),
        cases(session, clock),
        subscription_deps.period_receipts(session),
        payment_listeners(session),
    )


def refund_facts(session: Session, clock: Clock) -> RefundFacts:
    """Brings refunds to what gateways hold, in the session's unit of work."""
    return RefundFacts(
        RefundRepository(session),
        CreditRepository(session),
        Ledger(session),
        orders_deps.order_payments(session),
        invoice_deps.invoice_payments(session),
        invoice_deps.refund_credits(session),
        subscription_deps.period_receipts(session),
        cases(session, clock),
    )


def refund_requests(session: Session) -> RefundRequests:
    """Promises refunds, in the session's unit of work."""
    return RefundRequests(RefundRepository(session), CreditRepository(session), Ledger(session), Publisher(session))


def charge_claims(session: Session, runtime: ProcessRuntime, accounts: Gateways) -> ChargeClaims:
    """Says what is to be charged, in the session's unit of work."""
    return ChargeClaims(
        session,
        ClaimStores(
            PaymentRepository(session), AttemptRepository(session), MethodRepository(session), ReceiptRepository(session)
        ),
        accounts,
        subscription_deps.charge_permits(session),
        runtime.clock,
        settle_s=runtime.settings.scaled(SETTLE_S),
    )


def charge_records(session: Session, clock: Clock) -> ChargeRecords:
    """Writes what came of charges, in the session's unit of work."""
    return ChargeRecords(AttemptRepository(session), gateway_facts(session, clock), clock)


def failure_handling(session: Session, clock: Clock) -> FailureHandling:
    """Decides what follows from failures, in the session's unit of work."""
    listeners = payment_listeners(session)
    return FailureHandling(PaymentRepository(session), UpkeepRepository(session), Publisher(session), clock, listeners)


def payment_upkeep(session: Session, clock: Clock) -> PaymentUpkeep:
    """What happens to payments by the clock."""
    return PaymentUpkeep(
        UpkeepRepository(session),
        PaymentRepository(session),
        RefundRepository(session),
        ReceiptRepository(session),
        gateway_facts(session, clock),
        cases(session, clock),
        Publisher(session),
    )


def call_claims(session: Session, accounts: Gateways, clock: Clock) -> CallClaims:
    """Says what is to be called about payments that are there, in the session's unit of work."""
    return CallClaims(session, PaymentRepository(session), RefundRepository(session), AttemptRepository(session), accounts, clock)


def call_records(session: Session, clock: Clock, *, settle_s: float = SETTLE_S) -> CallRecords:
    """Writes what came of those calls, in the session's unit of work."""
    return CallRecords(
        AttemptRepository(session),
        PaymentRepository(session),
        gateway_facts(session, clock),
        refund_facts(session, clock),
        clock,
        settle_s=settle_s,
    )


def refunds(session: Session, clock: Clock) -> Refunds:
    """Asks for refunds and carries plans out, in the session's unit of work."""
    returns = CreditReturns(
        CreditRepository(session),
        orders_deps.order_payments(session),
        invoice_deps.invoice_payments(session),
        Ledger(session),
    )
    disputed = DisputeReturns(
        DisputeReader(session),
        orders_deps.order_payments(session),
        invoice_deps.invoice_payments(session),
        Ledger(session),
    )
    return Refunds(
        PaymentRepository(session),
        RefundRepository(session),
        refund_requests(session),
        returns,
        disputed,
        PolicyReader(session),
        clock,
    )


def method_keeping(session: Session, accounts: Gateways, clock: Clock) -> MethodKeeping:
    """Keeps stored methods, in the session's unit of work."""
    return MethodKeeping(session, PaymentReader(session), MethodRepository(session), accounts, clock)


def customer_credits(session: Session, clock: Clock) -> Credits:
    """Uses customers' credit, in the session's unit of work."""
    return Credits(
        CreditRepository(session),
        orders_deps.order_payments(session),
        invoice_deps.invoice_payments(session),
        Ledger(session),
        subscription_deps.paying(session),
        clock,
    )
