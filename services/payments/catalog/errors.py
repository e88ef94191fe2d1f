"""What is refused about products.

NotFound (404)
└── ProductNotFound
Conflict (409)
├── ProductExists
├── ProductInactive
└── PricesChanged
Invalid (422)
├── UnreadableCatalogue
├── UnknownSku
├── CurrencyMismatch
└── LineTooLarge
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class ProductNotFound(NotFound):
    code, title = "product_not_found", "There is no such product"


class ProductExists(Conflict):
    code, title = "product_exists", "There is a product with this SKU"


class UnreadableCatalogue(Invalid):
    code, title = "unreadable_catalogue", "The file cannot be read"


class ProductInactive(Conflict):
    code, title = "product_inactive", "The product is not sold any more"


class PricesChanged(Conflict):
    """`changes` names each line with its old and its new price."""

    code, title = "prices_changed", "Prices have changed"


class UnknownSku(Invalid):
    code, title = "unknown_sku", "There is no product with this SKU"


class CurrencyMismatch(Invalid):
    code, title = "currency_mismatch", "The product is sold in another currency"


class LineTooLarge(Invalid):
    code, title = "line_too_large", "Quantity times price is too large"


OF_SALE = (ProductInactive, UnknownSku, CurrencyMismatch, LineTooLarge)
"""What a line of a cart or an order may be refused for because of its product."""
