"""How legal entities, invoices, credit notes, tariffs and reminders are put together, for endpoints and tasks alike."""

from services.payments.actors import actor
from services.payments.credit_notes.by_hand import CreditingByHand
from services.payments.credit_notes.documents import CreditNoteDocuments
from services.payments.credit_notes.refund_credits import RefundCredits
from services.payments.credit_notes.repository import CreditNoteReader, CreditNoteRepository
from services.payments.credit_notes.service import CreditNotes
from services.payments.credits.repository import CreditRepository
from services.payments.credits.unused import UnusedCredits
from services.payments.documents.pdf_repository import PdfReader, PdfRepository
from services.payments.documents.rendering import PdfRendering
from services.payments.invoice_reminders.repository import ReminderRepository
from services.payments.invoice_reminders.service import InvoiceReminders
from services.payments.invoices.audit import NumberAudits
from services.payments.invoices.audit_repository import NumberAuditReader
from services.payments.invoices.customer_repository import BuyerReader
from services.payments.invoices.documents import InvoiceDocuments
from services.payments.invoices.drafts import Drafts, Previews
from services.payments.invoices.ending import Ending
from services.payments.invoices.export import RegisterExport
from services.payments.invoices.generation import Generation
from services.payments.invoices.issuing import Issuing
from services.payments.invoices.order_repository import OrderRepository
from services.payments.invoices.order_source import OrderSource
from services.payments.invoices.paying import InvoicePayments
from services.payments.invoices.payment_repository import InvoicePaymentRepository
from services.payments.invoices.repository import InvoiceReader
from services.payments.invoices.sources import Sources
from services.payments.invoices.withdrawal import Withdrawal
from services.payments.invoices.writing_repository import Change, InvoiceRepository
from services.payments.ledger.repository import Ledger
from services.payments.legal_entities.repository import LegalEntityReader, LegalEntityRepository
from services.payments.legal_entities.service import LegalEntities, Sellers
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.subscriptions.invoice_source import PeriodSource
from services.payments.subscriptions.repository import SubscriptionReader
from services.payments.tariffs.repository import TariffReader, TariffRepository
from services.payments.tariffs.service import BillableTrips, Tariffs
from services.payments.tariffs.trip_source import TripSource
from shared.runtime.auth.principal import Principal
from shared.runtime.clock import Clock
from shared.runtime.db import Database, ReadSession, Session
from shared.runtime.outbox import Publisher
from shared.runtime.process import ProcessRuntime


def change(clock: Clock, principal: Principal, reason: str | None = None) -> Change:
    """What a caller does now."""
    return Change(clock(), actor(principal), reason)


def legal_entities(session: Session, clock: Clock) -> LegalEntities:
    """Writes legal entities, in the session's unit of work."""
    return LegalEntities(LegalEntityRepository(session), clock)


def sellers(session: ReadSession) -> Sellers:
    """Finds who issues."""
    return Sellers(LegalEntityReader(session))


def drafts(session: Session) -> Drafts:
    """Writes drafts of invoices, in the session's unit of work."""
    return Drafts(InvoiceRepository(session), sellers(session), BuyerReader(session))


def previews(session: ReadSession) -> Previews:
    """Says what drafts would come to."""
    return Previews(InvoiceReader(session), sellers(session))


def issuing(session: Session) -> Issuing:
    """Issues invoices, in the session's unit of work."""
    repository = InvoiceRepository(session)
    return Issuing(InvoiceReader(session), repository, sellers(session), Ledger(session), Publisher(session))


def generation(session: Session) -> Generation:
    """Issues the invoices of orders, periods and trips, in the session's unit of work."""
    buyers, trips = BuyerReader(session), TariffRepository(session)
    sources = Sources(
        {
            "order": OrderSource(OrderRepository(session), buyers),
            "period": PeriodSource(SubscriptionReader(session), buyers),
            "trip": TripSource(TariffReader(session), trips, buyers, sellers(session)),
        }
    )
    return Generation(InvoiceReader(session), sources, issuing(session), refund_credits(session))


def withdrawal(session: Session) -> Withdrawal:
    """Takes back messages about invoices, in the session's unit of work."""
    return Withdrawal(InvoiceRepository(session), Publisher(session))


def ending(session: Session) -> Ending:
    """Voids invoices and notes disputes, in the session's unit of work."""
    return Ending(InvoiceReader(session), InvoiceRepository(session), Ledger(session), withdrawal(session))


def invoice_payments(session: Session) -> InvoicePayments:
    """Counts money on invoices, in the session's unit of work."""
    return InvoicePayments(InvoiceRepository(session), InvoicePaymentRepository(session), withdrawal(session))


def credit_notes(session: Session) -> CreditNotes:
    """Issues credit notes, in the session's unit of work."""
    return CreditNotes(
        (InvoiceReader(session), InvoiceRepository(session)),
        (CreditNoteReader(session), CreditNoteRepository(session)),
        sellers(session),
        Ledger(session),
        withdrawal(session),
        Publisher(session),
    )


def unused_credits(session: Session) -> UnusedCredits:
    """Makes credit of what was paid on invoices and is over, in the session's unit of work."""
    return UnusedCredits(
        credit_notes(session),
        InvoiceReader(session),
        invoice_payments(session),
        CreditRepository(session),
        Ledger(session),
    )


def crediting_by_hand(session: Session) -> CreditingByHand:
    """Issues the credit notes that people ask for, in the session's unit of work."""
    return CreditingByHand(credit_notes(session), InvoiceReader(session), ReceiptRepository(session), unused_credits(session))


def refund_credits(session: Session) -> RefundCredits:
    """Takes refunds off invoices, in the session's unit of work."""
    return RefundCredits(invoice_payments(session), InvoicePaymentRepository(session), credit_notes(session))


def invoice_rendering(runtime: ProcessRuntime) -> PdfRendering:
    """Makes the PDFs of invoices."""

    def store(session: Session) -> InvoiceDocuments:
        reader, repository = InvoiceReader(session), InvoiceRepository(session)
        pdfs, known = PdfRepository(session, "invoice"), PdfReader(session, "invoice")
        return InvoiceDocuments(reader, repository, pdfs, known, Publisher(session), runtime.clock)

    return PdfRendering(store, "invoice_id")


def credit_note_rendering() -> PdfRendering:
    """Makes the PDFs of credit notes."""

    def store(session: Session) -> CreditNoteDocuments:
        reader, repository = CreditNoteReader(session), CreditNoteRepository(session)
        pdfs, known = PdfRepository(session, "credit_note"), PdfReader(session, "credit_note")
        return CreditNoteDocuments(InvoiceReader(session), reader, repository, pdfs, known)

    return PdfRendering(store, "credit_note_id")


def number_audits(session: ReadSession) -> NumberAudits:
    """Proves that numbers have no gap."""
    return NumberAudits(NumberAuditReader(session))


def register_export(database: Database) -> RegisterExport:
    """Exports the register, each page in a transaction of its own."""
    return RegisterExport(database)


def tariffs(session: Session, clock: Clock) -> Tariffs:
    """Writes tariffs, in the session's unit of work."""
    return Tariffs(TariffReader(session), TariffRepository(session), clock)


def billable_trips(session: Session) -> BillableTrips:
    """Keeps the facts of completed trips, in the session's unit of work."""
    return BillableTrips(TariffRepository(session))


def invoice_reminders(session: Session) -> InvoiceReminders:
    """Reminds of unpaid invoices, in the session's unit of work."""
    return InvoiceReminders(ReminderRepository(session), Publisher(session))
