"""What lines come to: discount, tax, rounding. Pure arithmetic on what an order says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from services.payments.coupons.models import Coupon
from services.payments.coupons.terms import discounts
from services.payments.money.allocation import allocate
from services.payments.money.currencies import MAX_AMOUNT_MINOR
from services.payments.orders.errors import OrderTooLarge, PlaceOfSupplyUnknown
from services.payments.orders.models import Bought, OrderLine, Priced, PricedLine, SupplyKind, Terms
from services.payments.orders.sellers import Taxed
from services.payments.tax.gst import assess, untaxed
from services.payments.tax.models import Assessment, Supply, TaxableLine
from services.payments.tax.states import ABROAD

HOME: Final = "IN"
_RUPEES: Final = "INR"


def terms_of(seller: Taxed, currency: str, country: str, state_code: str | None) -> Terms:
    """What the tax of an order follows from that goes to this country and state. Raises PlaceOfSupplyUnknown."""
    round_to = seller.round_to_minor if currency == _RUPEES else 1
    if seller.state_code is None:
        return Terms(currency, "untaxed", None, state_code, round_to)
    if country != HOME or state_code == ABROAD:
        kind: SupplyKind = "export_with_lut" if seller.has_lut else "export_without_lut"
        return Terms(currency, kind, seller.state_code, ABROAD, round_to)
    if state_code is None:
        raise PlaceOfSupplyUnknown("tax depends on the state that the order goes to; send delivery.state_code")
    return Terms(currency, "domestic", seller.state_code, state_code, round_to)


def require_abroad(terms: Terms, *addresses: Mapping[str, Any] | None) -> None:
    """An export's invoice shows where abroad it goes, or who buys there: refused now and not once it is paid. Raises
    PlaceOfSupplyUnknown."""
    is_export = terms.supplier_state is not None and terms.place_of_supply == ABROAD
    if is_export and all((one or {}).get("country", HOME) == HOME for one in addresses):
        raise PlaceOfSupplyUnknown(f"state {ABROAD} is abroad, and no address is; send delivery.address with its country")


def priced(lines: Sequence[Bought], coupon: Coupon | None, terms: Terms) -> Priced:
    """What these lines come to. Raises what `discounts` raises, and OrderTooLarge."""
    gross = [line.quantity * line.unit_price_minor for line in lines]
    taken_off = discounts(coupon, gross, terms.currency) if coupon is not None else [0] * len(lines)
    taxable = [_taxable(line, line.quantity, off) for line, off in zip(lines, taken_off, strict=True)]
    assessed = _assessed(taxable, terms)
    if sum(gross) > MAX_AMOUNT_MINOR or assessed.total_minor > MAX_AMOUNT_MINOR:
        raise OrderTooLarge(f"an order may come to {MAX_AMOUNT_MINOR} minor units at most; make several of it")
    return Priced(
        lines=tuple(
            PricedLine(**asdict(line), discount_minor=off, **asdict(tax))
            for line, off, tax in zip(lines, taken_off, assessed.lines, strict=True)
        ),
        subtotal_minor=sum(gross),
        discount_minor=sum(taken_off),
        tax_minor=assessed.charged_tax_minor,
        round_off_minor=assessed.round_off_minor,
        total_minor=assessed.total_minor,
    )


def kept(lines: Sequence[OrderLine], cancelled: Mapping[int, int], terms: Terms) -> tuple[dict[int, int], Assessment]:
    """What an order comes to without so many of each line, worked out from the whole lines each time.

    So what several cancellations take away adds up to the whole order, to the last minor unit. The discount of a line goes with
    its pieces by largest remainder. Returns the places in the assessment by line number, for lines of which anything is kept.
    """
    left = [(line, line.quantity - cancelled.get(line.number, 0)) for line in lines]
    left = [(line, quantity) for line, quantity in left if quantity]
    taxable = [_taxable(line, quantity, _discount(line, quantity)) for line, quantity in left]
    return {line.number: place for place, (line, _) in enumerate(left)}, _assessed(taxable, terms)


def discount_of(lines: Sequence[OrderLine], cancelled: Mapping[int, int]) -> int:
    """What the discounts of these lines come to without so many of each."""
    return sum(_discount(line, quantity) for line in lines if (quantity := line.quantity - cancelled.get(line.number, 0)))


def at_price(line: OrderLine, quantity: int, unit_price_minor: int) -> Bought:
    """So many of an order's line, at a price."""
    return Bought(line.number, line.sku, line.name, line.hsn_sac, line.capability, quantity, unit_price_minor, line.tax_rate_bp)


def totals_of(what: Priced) -> dict[str, Any]:
    """What an order comes to, by column."""
    names = ("subtotal_minor", "discount_minor", "tax_minor", "round_off_minor", "total_minor")
    return {name: getattr(what, name) for name in names}


def _discount(line: OrderLine, quantity: int) -> int:
    return allocate(line.discount_minor, [quantity, line.quantity - quantity])[0]


def _taxable(line: Bought | OrderLine, quantity: int, discount_minor: int) -> TaxableLine:
    return TaxableLine(quantity, line.unit_price_minor, discount_minor, line.tax_rate_bp)


def _assessed(lines: Sequence[TaxableLine], terms: Terms) -> Assessment:
    if terms.supplier_state is None or terms.supply_kind == "untaxed":
        return untaxed(lines, terms.round_to_minor)
    assert terms.place_of_supply is not None, "whoever charges tax knows where to"
    supply = Supply(terms.supplier_state, terms.place_of_supply, terms.supply_kind, round_to_minor=terms.round_to_minor)
    return assess(lines, supply)
