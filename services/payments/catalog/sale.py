"""What products are sold for now, beside what a customer has seen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from services.payments.catalog.errors import CurrencyMismatch, LineTooLarge, PricesChanged, ProductInactive, UnknownSku
from services.payments.catalog.models import Difference, Product, Seen
from services.payments.money.currencies import MAX_AMOUNT_MINOR
from services.payments.money.rounding import rate


def sold(products: Mapping[str, Product], sku: str, quantity: int, currency: str | None) -> Product:
    """The product, if so many can be ordered in the currency, None being any.

    Raises UnknownSku, ProductInactive, CurrencyMismatch and LineTooLarge.
    """
    product = products.get(sku)
    if product is None:
        raise UnknownSku("there is no product with the SKU; GET /v1/products lists those that there are", sku=sku)
    if not product.active:
        raise ProductInactive("the product is not sold any more; leave it out", sku=sku)
    if currency not in (None, product.currency):
        raise CurrencyMismatch(f"the product is sold in {product.currency}; order it by itself", sku=sku)
    if quantity * product.unit_price_minor > MAX_AMOUNT_MINOR:
        raise LineTooLarge(f"quantity times price may be {MAX_AMOUNT_MINOR} minor units at most; order less", sku=sku)
    return product


def differences(seen: Sequence[Seen], products: Mapping[str, Product]) -> list[Difference]:
    """Where the catalogue says something else than the customer has seen, in their order."""
    return [found for one in seen if (found := _difference(one, products.get(one.sku))) is not None]


def agreed_price(seen: Seen | None, product: Product, tolerance_bp: int) -> int | None:
    """For what the product is sold to somebody who has seen this; None where they have to be asked first.

    What became cheaper is sold for less, what rose by no more than the tolerance for what was seen. A tax rate is the law's and
    not the seller's to honour, so that another one has to be seen first.
    """
    if seen is None:
        return product.unit_price_minor
    if seen.tax_rate_bp not in (None, product.tax_rate_bp):
        return None
    if product.unit_price_minor > seen.unit_price_minor + rate(seen.unit_price_minor, tolerance_bp):
        return None
    return min(seen.unit_price_minor, product.unit_price_minor)


def prices_changed(changes: Sequence[Difference]) -> PricesChanged:
    """The refusal that shows the customer what is different."""
    shown: list[dict[str, Any]] = [asdict(one) for one in changes]
    return PricesChanged(
        "the catalogue has changed since; show `changes` to the customer and repeat with what they accept", changes=shown
    )


def _difference(seen: Seen, product: Product | None) -> Difference | None:
    if product is None or not product.active:
        return Difference(seen.sku, "unavailable", seen.unit_price_minor, None, seen.tax_rate_bp, None)
    kind: Literal["price", "tax_rate"] | None = None
    if product.unit_price_minor != seen.unit_price_minor:
        kind = "price"
    elif seen.tax_rate_bp not in (None, product.tax_rate_bp):
        kind = "tax_rate"
    if kind is None:
        return None
    return Difference(seen.sku, kind, seen.unit_price_minor, product.unit_price_minor, seen.tax_rate_bp, product.tax_rate_bp)
