"""What an order would come to: priced by the catalogue, taxed by where it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.payments.carts.paying import Taken
from services.payments.catalog.models import Product, Seen
from services.payments.catalog.repository import ProductReader
from services.payments.catalog.sale import agreed_price, differences, prices_changed, sold
from services.payments.coupons.models import Coupon
from services.payments.coupons.repository import CouponReader
from services.payments.coupons.service import usable_coupon
from services.payments.coupons.terms import check_window
from services.payments.customers.models import Customer
from services.payments.customers.repository import CustomerReader
from services.payments.customers.service import known_customer
from services.payments.orders.errors import DueTooSoon
from services.payments.orders.models import Bought, Order, OrderLine, Priced, Seller, Terms
from services.payments.orders.new_orders import NewOrder, Wanted
from services.payments.orders.pricing import HOME, at_price, priced, require_abroad, terms_of
from services.payments.orders.sellers import Sellers
from services.payments.periods.zones import day_at
from shared.runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class Priceable:
    """An order before it is written: who sells what to whom, and what it comes to."""

    seller: Seller
    customer: Customer
    delivery: dict[str, Any]
    coupon: Coupon | None
    terms: Terms
    priced: Priced


class OrderQuoting:
    """Prices orders, by as many statements however many lines they have."""

    def __init__(
        self, products: ProductReader, customers: CustomerReader, coupons: CouponReader, sellers: Sellers, clock: Clock
    ) -> None:
        self._products = products
        self._customers = customers
        self._coupons = coupons
        self._sellers = sellers
        self._clock = clock

    async def quote(self, new: NewOrder, *, hold: bool = False) -> Priceable:
        """What an order would come to, without writing anything. hold: nobody erases the customer until the unit of work ends.

        Raises CustomerNotFound, CustomerErased, SellerNotSetUp, PlaceOfSupplyUnknown, DueTooSoon, OrderTooLarge, PricesChanged,
        and what `sold`, `usable_coupon` and `discounts` raise.
        """
        coupon = None
        if new.coupon_code is not None:
            coupon = await usable_coupon(self._coupons, new.organization_id, new.coupon_code, self._clock())
        return await self._priceable(new, coupon, hold=hold)

    async def quote_cart(self, new: NewOrder, taken: Taken) -> Priceable:
        """The same of a cart that is held; if it is being paid, at what was seen when it was locked."""
        coupon = await self._coupons.find(taken.coupon_id, new.organization_id) if taken.coupon_id is not None else None
        return await self._priceable(new, coupon, hold=True, honoured=taken if taken.was_locked else None)

    async def requote(self, order: Order, known: Sequence[OrderLine]) -> Priceable:
        """What a draft comes to by now: at its prices as far as they hold, on the terms on which it was quoted.

        Raises CustomerErased, SellerNotSetUp, DueTooSoon, PricesChanged, and what `sold`, `check_window` and `discounts` raise.
        """
        now, organization_id = self._clock(), order.organization_id
        coupon = await self._coupons.find(order.coupon_id, organization_id) if order.coupon_id is not None else None
        if coupon is not None:
            check_window(coupon, now)
        seller = await self._sellers.of(organization_id)
        customer = await known_customer(self._customers, order.customer_id, organization_id, hold="known")
        products = await self._products.by_sku(organization_id, [line.sku for line in known])
        seen = [Wanted(line.sku, line.quantity, Seen(line.sku, line.unit_price_minor, line.tax_rate_bp)) for line in known]
        at_today = bought(seen, products, order.currency, seller.price_tolerance_bp)
        _check_due(order.due_on, list(products.values()), day_at(now, customer.time_zone))
        lines = [at_price(line, line.quantity, one.unit_price_minor) for line, one in zip(known, at_today, strict=True)]
        return Priceable(seller, customer, order.delivery, coupon, order.terms, priced(lines, coupon, order.terms))

    async def _priceable(self, new: NewOrder, coupon: Coupon | None, *, hold: bool, honoured: Taken | None = None) -> Priceable:
        now = self._clock()
        if coupon is not None:
            check_window(coupon, now)
        seller = await self._sellers.of(new.organization_id)
        customer = await known_customer(self._customers, new.customer_id, new.organization_id, hold="known" if hold else None)
        delivery = _delivery(new.delivery, customer)
        country = (delivery["address"] or {}).get("country", HOME)
        terms = terms_of(seller, new.currency, country, delivery["state_code"])
        require_abroad(terms, delivery["address"], customer.address)
        products = await self._products.by_sku(new.organization_id, [line.sku for line in new.lines])
        if honoured is not None:
            lines = _honoured(honoured, products)
        else:
            lines = bought(new.lines, products, new.currency, seller.price_tolerance_bp)
        _check_due(new.due_on, [products[line.sku] for line in lines if line.sku in products], day_at(now, customer.time_zone))
        return Priceable(seller, customer, delivery, coupon, terms, priced(lines, coupon, terms))


def bought(lines: Sequence[Wanted], products: Mapping[str, Product], currency: str, tolerance_bp: int = 0) -> list[Bought]:
    """The lines at what they are sold for. Raises PricesChanged with all that the customer has to see, and what `sold` raises."""
    sellable = [sold(products, line.sku, line.quantity, currency) for line in lines]
    prices = [agreed_price(line.seen, product, tolerance_bp) for line, product in zip(lines, sellable, strict=True)]
    if None in prices:
        raise prices_changed(differences([line.seen for line in lines if line.seen is not None], products))
    return [
        _bought(number, line.quantity, product, price)
        for number, (line, product, price) in enumerate(zip(lines, sellable, prices, strict=True), start=1)
        if price is not None
    ]


def _bought(number: int, quantity: int, product: Product, price: int) -> Bought:
    return Bought(number, product.sku, product.name, product.hsn_sac, product.capability, quantity, price, product.tax_rate_bp)


def _honoured(taken: Taken, products: Mapping[str, Product]) -> list[Bought]:
    """The lines of a cart that is being paid: at what was seen when it was locked."""
    return [
        Bought(
            number=number,
            sku=item.sku,
            name=item.name,
            hsn_sac=products[item.sku].hsn_sac,
            capability=products[item.sku].capability,
            quantity=item.quantity,
            unit_price_minor=item.unit_price_minor,
            tax_rate_bp=item.tax_rate_bp,
        )
        for number, item in enumerate(taken.items, start=1)
    ]


def _delivery(given: Mapping[str, Any] | None, customer: Customer) -> dict[str, Any]:
    """Where the order says, or else to the customer's address. The two are not mixed, for the tax depends on it."""
    said = {"address": None, "state_code": None, "latitude": None, "longitude": None} | dict(given or {})
    if said["address"] is None and said["state_code"] is None:
        return said | {"address": customer.address, "state_code": customer.state_code}
    return said


def _check_due(due_on: date | None, products: Sequence[Product], today: date) -> None:
    earliest = today + timedelta(days=max((product.lead_time_days for product in products), default=0))
    if due_on is not None and due_on < earliest:
        raise DueTooSoon("it takes longer than that; name a later day, or none", earliest_on=earliest.isoformat())
