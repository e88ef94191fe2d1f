"""An anonymous cart goes into that of the customer who has logged in."""

from uuid import UUID

from services.payments.carts.errors import CartOfOtherCurrency
from services.payments.carts.models import Cart, CartKey
from services.payments.carts.repository import CartRepository
from services.payments.carts.service import Carts, hash_of, not_found, open_cart
from services.payments.catalog.models import MAX_QUANTITY
from services.payments.customers.repository import CustomerReader
from services.payments.customers.service import known_customer
from shared.runtime.clock import Clock


class CartMerging:
    """Merges in one unit of work."""

    def __init__(self, carts: CartRepository, rules: Carts, customers: CustomerReader, clock: Clock) -> None:
        self._carts = carts
        self._rules = rules
        self._customers = customers
        self._clock = clock

    async def merge(self, secret: str, customer_id: UUID, organization_id: UUID) -> tuple[Cart, list[str]]:
        """The customer's cart with what was in the other one, and the SKUs of which it has the most that a line may have.

        Quantities add. A customer without a cart gets the anonymous one as it is. The same again changes nothing.
        Raises CartNotFound, CustomerNotFound, CustomerErased, CartLocked, CartConverted, CartOfOtherCurrency and CartFull.
        """
        await known_customer(self._customers, customer_id, organization_id, hold="known")
        source = await self._carts.by_secret(hash_of(secret), organization_id)
        if source is None:
            raise not_found()
        if source.customer_id is not None or source.merged_into is not None:
            return await self._merged_before(source, customer_id), []
        await self._open(source)
        target = await self._carts.of_customer(customer_id)
        if target is None:
            return await self._carts.change(source.id, {"customer_id": customer_id}, self._clock()), []
        await self._open(target)
        if target.currency != source.currency:
            raise CartOfOtherCurrency(f"the customer's cart is in {target.currency}; order what is in it first, or empty it")
        return await self._pour(source, target)

    async def _open(self, cart: Cart) -> None:
        await open_cart(self._carts, CartKey(cart.id), lambda _: None, self._clock())

    async def _merged_before(self, source: Cart, customer_id: UUID) -> Cart:
        found = source if source.merged_into is None else await self._carts.find(CartKey(source.merged_into))
        if found is None or found.customer_id != customer_id:
            raise not_found()
        return found

    async def _pour(self, source: Cart, target: Cart) -> tuple[Cart, list[str]]:
        had = {item.sku: item.quantity for item in await self._carts.items(target.id)}
        comes = await self._carts.items(source.id)
        await self._carts.pour(source.id, target.id)
        await self._rules.refuse_overfull(target.id)
        now = self._clock()
        over = {"status": "merged", "merged_into": target.id, "locked_until": None}
        await self._carts.change(source.id, over, now)
        values = {"status": "active", "locked_until": None, "coupon_id": target.coupon_id or source.coupon_id}
        merged = await self._carts.change(target.id, values, now)
        return merged, [item.sku for item in comes if item.quantity + had.get(item.sku, 0) > MAX_QUANTITY]
