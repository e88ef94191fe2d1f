"""Statements on carts and what is in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.payments.carts.models import Cart, CartItem, CartKey, CartStatus
from services.payments.catalog.models import MAX_QUANTITY, Product
from shared.runtime.db import ReadSession, Session

_ORDER_OF: Final = text("SELECT id FROM orders WHERE cart_id = :cart_id")

# What the other cart had not seen comes with the price at which it was seen here.
_POUR: Final = text("""
    INSERT INTO cart_items AS known (cart_id, sku, name, quantity, unit_price_minor, tax_rate_bp, added_at)
    SELECT :target_id, sku, name, quantity, unit_price_minor, tax_rate_bp, added_at FROM cart_items WHERE cart_id = :source_id
    ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = least(known.quantity + excluded.quantity, :most)
""")


class CartReader:
    """What is read of carts."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def find(self, key: CartKey, *, lock: bool = False) -> Cart | None:
        """One cart; with `lock` held as it is until the unit of work ends. A secret opens a cart only until it has an owner."""
        query = select(Cart).where(_is(key))
        if lock:
            query = query.with_for_update(key_share=True)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).one_or_none()

    async def by_secret(self, secret_hash: bytes, organization_id: UUID) -> Cart | None:
        """The cart that was opened with a secret, whoever owns it by now, held until the unit of work ends."""
        query = select(Cart).where(Cart.secret_hash == secret_hash, Cart.organization_id == organization_id)
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def of_customer(self, customer_id: UUID) -> Cart | None:
        """The customer's cart that has not become an order, held until the unit of work ends."""
        query = select(Cart).where(Cart.customer_id == customer_id, Cart.status.in_(("active", "locked")))
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        return (await self._session.scalars(query)).one_or_none()

    async def items(self, cart_id: UUID) -> Sequence[CartItem]:
        """What is in a cart, in the order in which it was added."""
        query = select(CartItem).where(CartItem.cart_id == cart_id).order_by(CartItem.added_at, CartItem.sku)
        return (await self._session.scalars(query.execution_options(populate_existing=True))).all()

    async def order_of(self, cart_id: UUID) -> UUID | None:
        """The order that a cart has become."""
        found: UUID | None = (await self._session.execute(_ORDER_OF, {"cart_id": cart_id})).scalar_one_or_none()
        return found

    async def newest(
        self,
        organization_id: UUID | None,
        *,
        customer_id: UUID | None,
        status: CartStatus | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Cart]:
        """The newest first, from after `after` on."""
        query = select(Cart).order_by(Cart.id.desc()).limit(limit)
        if organization_id is not None:
            query = query.where(Cart.organization_id == organization_id)
        if customer_id is not None:
            query = query.where(Cart.customer_id == customer_id)
        if status is not None:
            query = query.where(Cart.status == status)
        if after is not None:
            query = query.where(Cart.id < after)
        return (await self._session.scalars(query)).all()


class CartRepository(CartReader):
    """What is written of carts. Whoever writes items holds the cart."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._writing = session

    async def create(self, values: dict[str, Any], now: datetime) -> Cart | None:
        """Write a new cart; None where its customer has one."""
        row = values | {"status": "active", "abandoned_step": 0, "version": 1, "created_at": now, "updated_at": now}
        created = insert(Cart).values(**row).on_conflict_do_nothing().returning(Cart)
        return (await self._writing.scalars(created)).one_or_none()

    async def change(self, cart_id: UUID, values: dict[str, Any], now: datetime) -> Cart:
        """Write a change under the next version. Reminders begin anew from here."""
        row = {"version": Cart.version + 1, "abandoned_step": 0, "updated_at": now} | values
        changed = update(Cart).where(Cart.id == cart_id).values(**row).returning(Cart)
        return (await self._writing.scalars(changed.execution_options(populate_existing=True))).one()

    async def put(self, cart_id: UUID, product: Product, quantity: int, now: datetime) -> None:
        """Set how many of a product are in a cart. A price that was seen stays what it was."""
        row = {
            "cart_id": cart_id,
            "sku": product.sku,
            "name": product.name,
            "quantity": quantity,
            "unit_price_minor": product.unit_price_minor,
            "tax_rate_bp": product.tax_rate_bp,
            "added_at": now,
        }
        await self._writing.execute(
            insert(CartItem).values(**row).on_conflict_do_update(index_elements=["cart_id", "sku"], set_={"quantity": quantity})
        )

    async def count(self, cart_id: UUID) -> int:
        """How many different products are in a cart."""
        query = select(func.count()).select_from(CartItem).where(CartItem.cart_id == cart_id)
        counted: int = (await self._writing.execute(query)).scalar_one()
        return counted

    async def take_out(self, cart_id: UUID, sku: str | None) -> bool:
        """Remove a product, or all for None; says whether there was anything."""
        gone = delete(CartItem).where(CartItem.cart_id == cart_id).returning(CartItem.sku)
        if sku is not None:
            gone = gone.where(CartItem.sku == sku)
        return bool((await self._writing.execute(gone)).all())

    async def show_prices(self, cart_id: UUID, organization_id: UUID) -> None:
        """Write the catalogue's names, prices and rates into a cart's items. What is not sold any more stays as it was seen."""
        seen = (
            update(CartItem)
            .where(
                CartItem.cart_id == cart_id,
                Product.organization_id == organization_id,
                Product.sku == CartItem.sku,
                Product.active,
            )
            .values(name=Product.name, unit_price_minor=Product.unit_price_minor, tax_rate_bp=Product.tax_rate_bp)
            .execution_options(synchronize_session=False)
        )
        await self._writing.execute(seen)

    async def pour(self, source_id: UUID, target_id: UUID) -> None:
        """Put what is in one cart into another one. Quantities add, up to the most that a line may have."""
        await self._writing.execute(_POUR, {"source_id": source_id, "target_id": target_id, "most": MAX_QUANTITY})


def _is(key: CartKey) -> ColumnElement[bool]:
    if key.secret_hash is not None:
        return and_(Cart.secret_hash == key.secret_hash, Cart.customer_id.is_(None))
    mine = Cart.organization_id == key.organization_id if key.organization_id is not None else Cart.id.is_not(None)
    return and_(Cart.id == key.cart_id, mine)
