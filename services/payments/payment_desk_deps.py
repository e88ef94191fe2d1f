"""How the making of payments by people is put together: flows that open units of work of their own."""

from services.payments import payment_deps
from services.payments.attempts.call_claims import CallClaims, CallRecords
from services.payments.attempts.claiming import SETTLE_S
from services.payments.attempts.repository import AttemptRepository
from services.payments.customers.models import reference_of
from services.payments.customers.repository import CustomerReader
from services.payments.gateways.directory import Gateways
from services.payments.gateways.facts import TokenFact
from services.payments.gateways_deps import gateways
from services.payments.invoices.repository import InvoiceReader
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.payment_methods.repository import MethodRepository
from services.payments.payment_methods.service import Methods
from services.payments.payments.creating import Beginning, Made
from services.payments.payments.desk import Payer, PaymentDesk
from services.payments.payments.facts import GatewayFacts
from services.payments.payments.models import Payment
from services.payments.payments.offline import OfflinePayments
from services.payments.payments.writing_repository import PaymentRepository
from shared.runtime.clock import Clock
from shared.runtime.db import Database, Session
from shared.runtime.http.runtime import HttpRuntime


class DeskParts:
    """The parts of a unit of work of the desk."""

    def __init__(self, accounts: Gateways, clock: Clock, settle_s: float) -> None:
        self._accounts = accounts
        self._settle_s = settle_s
        self._clock = clock

    def beginning(self, session: Session) -> Beginning:
        """Begins payments."""
        return Beginning(
            session,
            PaymentRepository(session),
            AttemptRepository(session),
            ReceiptRepository(session),
            InvoiceReader(session),
            MethodRepository(session),
            self._accounts,
            self._clock,
        )

    def made(self, session: Session) -> Made:
        """Writes what calls have brought."""
        return Made(PaymentRepository(session), AttemptRepository(session), ReceiptRepository(session), self._clock)

    def facts(self, session: Session) -> GatewayFacts:
        """Applies what gateways say."""
        return payment_deps.gateway_facts(session, self._clock)

    def claims(self, session: Session) -> CallClaims:
        """Says what is to be called."""
        return payment_deps.call_claims(session, self._accounts, self._clock)

    def records(self, session: Session) -> CallRecords:
        """Writes what calls about payments have brought."""
        return payment_deps.call_records(session, self._clock, settle_s=self._settle_s)

    async def payer(self, session: Session, payment: Payment) -> Payer | None:
        """Whom the gateway gets to know."""
        if payment.customer_id is None:
            return None
        customer = await CustomerReader(session).find(payment.customer_id, payment.organization_id)
        if customer is None:
            return None
        return Payer(reference_of(customer.id), customer.name, customer.email, customer.phone)

    async def keep_customer(self, session: Session, payment: Payment, gateway_customer_id: str) -> None:
        """Remember as whom the gateway knows the payment's customer."""
        assert payment.customer_id is not None, "somebody was made known"
        await MethodRepository(session).keep_customer(
            payment.customer_id, payment.gateway, payment.account, gateway_customer_id, self._clock()
        )

    async def keep_method(self, session: Session, payment: Payment, token: TokenFact, gateway_customer_id: str) -> None:
        """Keep the method that came with a payment."""
        keeping = payment_deps.method_keeping(session, self._accounts, self._clock)
        await keeping.keep(payment, token, gateway_customer_id)


def payment_desk(database: Database, runtime: HttpRuntime) -> PaymentDesk:
    """Makes payments for people."""
    return PaymentDesk(database.unit_of_work, DeskParts(gateways(runtime), runtime.clock, runtime.settings.scaled(SETTLE_S)))


def offline_payments(session: Session, runtime: HttpRuntime) -> OfflinePayments:
    """Records what was counted, in the session's unit of work."""
    parts = DeskParts(gateways(runtime), runtime.clock, runtime.settings.scaled(SETTLE_S))
    return OfflinePayments(
        parts.beginning(session),
        PaymentRepository(session),
        AttemptRepository(session),
        ReceiptRepository(session),
        parts.facts(session),
        runtime.clock,
    )


def methods(database: Database, runtime: HttpRuntime) -> Methods:
    """Forgets stored methods."""
    return Methods(database.unit_of_work, gateways(runtime), runtime.clock)
