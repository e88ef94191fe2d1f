"""From cart to order: held still while it is being paid, and turned into an order exactly once."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.payments.carts.abandoned_messages import cancel_reminders
from services.payments.carts.errors import CartChanged, CartEmpty, CartNotLocked, CartWithoutCustomer
from services.payments.carts.models import Cart, CartItem, CartKey
from services.payments.carts.repository import CartRepository
from services.payments.carts.service import Check, not_found, open_cart, refuse_over
from services.payments.catalog.repository import ProductReader
from services.payments.catalog.sale import differences, prices_changed
from shared.runtime.clock import Clock
from shared.runtime.outbox import Publisher


@dataclass(frozen=True, slots=True)
class Taken:
    """What an order is to be made of. was_locked: then prices are those that were seen, whatever the catalogue says by now."""

    cart_id: UUID
    customer_id: UUID
    currency: str
    items: tuple[CartItem, ...]
    coupon_id: UUID | None
    was_locked: bool
    was_reminded: bool


class CartPaying:
    """Locks carts, and takes them for orders, in one unit of work."""

    def __init__(self, carts: CartRepository, products: ProductReader, publisher: Publisher, clock: Clock) -> None:
        self._carts = carts
        self._products = products
        self._publisher = publisher
        self._clock = clock

    async def lock(self, key: CartKey, minutes: int, check: Check) -> Cart:
        """Hold a cart still while its customer pays; the time is the net under a payment that never says how it ended.

        Raises what `open_cart` raises, CartEmpty and PricesChanged.
        """
        now = self._clock()
        cart = await open_cart(self._carts, key, check, now)
        items = await self._items(cart)
        products = await self._products.by_sku(cart.organization_id, [item.sku for item in items])
        changes = differences([item.seen for item in items], products)
        if changes:
            raise prices_changed(changes)
        return await self._carts.change(cart.id, {"status": "locked", "locked_until": now + timedelta(minutes=minutes)}, now)

    async def unlock(self, key: CartKey, check: Check) -> Cart:
        """Let a cart be changed again, because its payment has failed or was given up.

        Raises CartNotFound, CartConverted, CartMerged, CartNotLocked and what `check` raises.
        """
        cart = await self._found(key)
        check(cart.version)
        if cart.status != "locked":
            raise CartNotLocked("the cart is not locked, so it can be changed")
        return await self._carts.change(cart.id, {"status": "active", "locked_until": None}, self._clock())

    async def take(self, cart_id: UUID, organization_id: UUID, version: int | None) -> Taken:
        """Hold a cart, locked or not, for the order that the same unit of work makes of it. version: refuses any other one.

        Raises CartNotFound, CartConverted, CartMerged, CartChanged, CartWithoutCustomer and CartEmpty.
        """
        cart = await self._found(CartKey(cart_id, organization_id))
        if version not in (None, cart.version):
            raise CartChanged("the cart has changed since; show it to the customer again, and order what it is now")
        if cart.customer_id is None:
            raise CartWithoutCustomer("an order needs a customer; merge the anonymous cart into the customer's first")
        items = tuple(await self._items(cart))
        return Taken(
            cart.id,
            cart.customer_id,
            cart.currency,
            items,
            cart.coupon_id,
            was_locked=cart.is_locked(self._clock()),
            was_reminded=cart.abandoned_step > 0,
        )

    async def become_order(self, taken: Taken) -> None:
        """Note that a cart has become an order. That it becomes one alone, a unique key of the orders sees to as well."""
        await self._carts.change(taken.cart_id, {"status": "converted", "locked_until": None}, self._clock())
        if taken.was_reminded:
            cancel_reminders(self._publisher, [taken.cart_id], "the cart was ordered")

    async def _found(self, key: CartKey) -> Cart:
        cart = await self._carts.find(key, lock=True)
        if cart is None:
            raise not_found()
        await refuse_over(self._carts, cart)
        return cart

    async def _items(self, cart: Cart) -> list[CartItem]:
        items = list(await self._carts.items(cart.id))
        if not items:
            raise CartEmpty("there is nothing in the cart")
        return items
