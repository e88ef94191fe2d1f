"""How customers, catalogue, coupons, carts and orders are put together, for endpoints and tasks alike."""

from uuid import UUID

from services.payments.carts.cart_view import CartView
from services.payments.carts.merging import CartMerging
from services.payments.carts.paying import CartPaying
from services.payments.carts.repository import CartReader, CartRepository
from services.payments.carts.service import Carts
from services.payments.carts.upkeep import CartUpkeep
from services.payments.carts.upkeep_repository import CartUpkeepRepository
from services.payments.cases.repository import CaseRepository
from services.payments.cases.service import KeptCases
from services.payments.catalog.repository import ProductReader, ProductRepository
from services.payments.catalog.service import Catalogue
from services.payments.coupons.repository import CouponReader, CouponRepository
from services.payments.coupons.service import Coupons
from services.payments.credit_notes.order_credits import OrderCredits
from services.payments.customers.repository import CustomerReader, CustomerRepository
from services.payments.customers.service import Customers
from services.payments.invoice_deps import credit_notes
from services.payments.invoices.repository import InvoiceReader
from services.payments.orders.amending import OrderAmending
from services.payments.orders.cancelling import Cancellations, OrderCancelling
from services.payments.orders.customer_messages import CustomerMessages
from services.payments.orders.drafts import DraftPlacing
from services.payments.orders.order_payments import OrderPayments
from services.payments.orders.placing import OrderPlacing
from services.payments.orders.quoting import OrderQuoting
from services.payments.orders.receipts_repository import ReceiptRepository
from services.payments.orders.repository import OrderReader
from services.payments.orders.sellers import Sellers
from services.payments.orders.service import OrderSteps
from services.payments.orders.settings_repository import OrderSettingsReader, OrderSettingsRepository
from services.payments.orders.settings_service import EntitySellers, OrderSettingsChanges
from services.payments.orders.taken_up import TakenUp
from services.payments.orders.upkeep import OrderUpkeep
from services.payments.orders.upkeep_repository import OrderUpkeepRepository
from services.payments.orders.writing_repository import OrderRepository
from services.payments.subscriptions.taken_credit import DeliveryCredit
from services.payments.subscriptions.taken_repository import TakenRepository
from shared.runtime.clock import Clock, system_clock
from shared.runtime.db import ReadSession, Session
from shared.runtime.outbox import Publisher


def customers(session: Session, clock: Clock) -> Customers:
    """Writes customers, in the session's unit of work."""
    return Customers(CustomerRepository(session), Publisher(session), clock)


def catalogue(session: Session, clock: Clock, organization_id: UUID, *, by: str) -> Catalogue:
    """Writes an organization's products, in the session's unit of work."""
    return Catalogue(ProductRepository(session), clock, organization_id, by=by)


def coupons(session: Session, clock: Clock = system_clock) -> Coupons:
    """Writes and uses coupons, in the session's unit of work."""
    return Coupons(CouponRepository(session), clock)


def cart_view(session: ReadSession, clock: Clock) -> CartView:
    """Shows carts."""
    return CartView(CartReader(session), ProductReader(session), CouponReader(session), clock)


def carts(session: Session, clock: Clock) -> Carts:
    """Changes carts, in the session's unit of work."""
    readers = ProductReader(session), CouponReader(session), CustomerReader(session)
    return Carts(CartRepository(session), *readers, Publisher(session), clock)


def cart_paying(session: Session, clock: Clock) -> CartPaying:
    """Locks carts and takes them for orders, in the session's unit of work."""
    return CartPaying(CartRepository(session), ProductReader(session), Publisher(session), clock)


def cart_merging(session: Session, clock: Clock) -> CartMerging:
    """Merges carts, in the session's unit of work."""
    return CartMerging(CartRepository(session), carts(session, clock), CustomerReader(session), clock)


def cart_upkeep(session: Session) -> CartUpkeep:
    """What happens to carts by the clock."""
    return CartUpkeep(CartUpkeepRepository(session), Publisher(session))


def sellers(session: ReadSession) -> Sellers:
    """Knows organizations as sellers."""
    return EntitySellers(OrderSettingsReader(session))


def order_settings_changes(session: Session, clock: Clock) -> OrderSettingsChanges:
    """Writes how organizations sell."""
    return OrderSettingsChanges(OrderSettingsRepository(session), clock)


def order_quoting(session: ReadSession, clock: Clock) -> OrderQuoting:
    """Says what orders would come to."""
    return OrderQuoting(ProductReader(session), CustomerReader(session), CouponReader(session), sellers(session), clock)


def order_placing(session: Session, clock: Clock) -> OrderPlacing:
    """Places orders, in the session's unit of work."""
    return OrderPlacing(
        OrderRepository(session),
        order_quoting(session, clock),
        coupons(session, clock),
        cart_paying(session, clock),
        _messages(session),
        clock,
    )


def order_steps(session: Session, clock: Clock, *, by: str) -> OrderSteps:
    """Takes orders on their way, in the session's unit of work."""
    return OrderSteps(OrderRepository(session), _messages(session), clock, by=by)


def order_amending(session: Session, clock: Clock, *, by: str) -> OrderAmending:
    """Amends orders, in the session's unit of work."""
    readers = ProductReader(session), CouponReader(session)
    return OrderAmending(OrderRepository(session), *readers, order_credits(session), _messages(session), clock, by=by)


def draft_placing(session: Session, clock: Clock, *, by: str) -> DraftPlacing:
    """Makes orders of drafts, in the session's unit of work."""
    quoting, uses = order_quoting(session, clock), coupons(session, clock)
    return DraftPlacing(OrderRepository(session), quoting, uses, _messages(session), clock, by=by)


def cancellation_previews(session: ReadSession) -> Cancellations:
    """Says what cancellations come to."""
    return Cancellations(OrderReader(session))


def order_cancelling(session: Session, clock: Clock, *, by: str) -> OrderCancelling:
    """Cancels orders, in the session's unit of work."""
    orders, cases = OrderRepository(session), KeptCases(CaseRepository(session), clock)
    taken_up = TakenUp(coupons(session, clock), DeliveryCredit(TakenRepository(session), Publisher(session)))
    stores = orders, Cancellations(orders), taken_up, order_credits(session)
    return OrderCancelling(*stores, _messages(session), cases, clock, by=by)


def order_credits(session: Session) -> OrderCredits:
    """Credits what of an invoiced order is cancelled, in the session's unit of work."""
    return OrderCredits(InvoiceReader(session), credit_notes(session))


def order_payments(session: Session) -> OrderPayments:
    """Brings money to orders, in the session's unit of work."""
    return OrderPayments(ReceiptRepository(session), _messages(session))


def order_upkeep(session: Session) -> OrderUpkeep:
    """What happens to orders by the clock."""
    return OrderUpkeep(OrderUpkeepRepository(session), coupons(session), _messages(session), Publisher(session))


def _messages(session: Session) -> CustomerMessages:
    return CustomerMessages(Publisher(session))
