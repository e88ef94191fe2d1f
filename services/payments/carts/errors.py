"""What is refused about carts.

NotFound (404)
├── CartNotFound
└── ItemNotFound
Conflict (409)
├── ActiveCartExists
├── CartLocked
├── CartNotLocked
├── CartConverted
├── CartMerged
├── CartChanged
├── CartEmpty
├── CartFull
└── CartOfOtherCurrency
Invalid (422)
└── CartWithoutCustomer
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class CartNotFound(NotFound):
    code, title = "cart_not_found", "There is no such cart"


class ItemNotFound(NotFound):
    code, title = "item_not_found", "There is no such item in the cart"


class ActiveCartExists(Conflict):
    """`cart_id` names it."""

    code, title = "active_cart_exists", "The customer has a cart"


class CartLocked(Conflict):
    """`locked_until` says how long at most."""

    code, title = "cart_locked", "The cart is being paid"


class CartNotLocked(Conflict):
    code, title = "cart_not_locked", "The cart is not locked"


class CartConverted(Conflict):
    """`order_id` names the order."""

    code, title = "cart_converted", "The cart has become an order"


class CartMerged(Conflict):
    """`cart_id` names the cart that it went into."""

    code, title = "cart_merged", "The cart has gone into another one"


class CartChanged(Conflict):
    code, title = "cart_changed", "The cart has changed"


class CartEmpty(Conflict):
    code, title = "cart_empty", "The cart is empty"


class CartFull(Conflict):
    code, title = "cart_full", "The cart is full"


class CartOfOtherCurrency(Conflict):
    code, title = "cart_of_other_currency", "The carts have different currencies"


class CartWithoutCustomer(Invalid):
    code, title = "cart_without_customer", "Nobody is known to own the cart"


OF_CHANGE = (CartNotFound, CartLocked, CartConverted, CartMerged)
"""What any change of a cart may be refused for."""
