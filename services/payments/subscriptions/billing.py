"""What a period comes to. Pure arithmetic on the plan, the days, and what earlier changes have left open."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.payments.money.allocation import allocate
from services.payments.orders.models import Terms as Supply
from services.payments.periods.anchors import index_on, period
from services.payments.periods.models import Period
from services.payments.plans.models import PlanLine, Terms
from services.payments.subscriptions.due_models import Bill
from services.payments.subscriptions.models import UNTAXED, Adjustment, BilledLine
from services.payments.subscriptions.unused import Rate, take_off
from services.payments.tax import models as tax
from services.payments.tax.gst import assess, untaxed


def period_from(anchor: date, terms: Terms, start: date) -> tuple[Period, Period]:
    """The period that begins on a day, shorter where the day is none of the anchor's, and the whole one that it is of."""
    whole = period(anchor, terms.interval, terms.interval_count, index_on(anchor, terms.interval, terms.interval_count, start))
    return Period(start, whole.end), whole


def share(amount_minor: int, part: Period, whole: Period) -> int:
    """What of an amount for a whole period some of its days come to; what the other days come to is the rest, exactly."""
    days, all_days = (part.end - part.start).days, (whole.end - whole.start).days
    return allocate(amount_minor, [days, all_days - days])[0]


def bill(
    terms: Terms, quantity: int, part: Period, whole: Period, supply: Supply, adjustments: Sequence[Adjustment] = ()
) -> Bill:
    """A period of so many of a plan. A delivery is whole however short its period is; anything else is charged by days.

    What earlier changes have made due comes as lines of its own, what they have left unused as a discount as far as there is
    something to take it off; where another rate of tax holds by now, as a discount that is worth the same with the tax.
    """
    take = credited if terms.delivers else adjusted
    whole_lines = [_line(line, quantity, part, whole, terms) for line in terms.lines]
    lines, taken = take(whole_lines, adjustments, is_taxed=is_taxed(supply.supply_kind))
    return _totals(part, lines, supply, taken)


def is_taxed(supply_kind: str) -> bool:
    """Whether tax is charged, so that what is before tax is worth more by it."""
    return supply_kind not in UNTAXED


def adjusted(
    lines: list[BilledLine], adjustments: Sequence[Adjustment], *, is_taxed: bool
) -> tuple[list[BilledLine], dict[UUID, int]]:
    """Lines with what earlier changes have left open, and what they take of each adjustment, with its sign."""
    due, unused = ([one for one in adjustments if one.open_minor * sign > 0] for sign in (1, -1))
    lines = lines + [BilledLine(None, one.description, one.hsn_sac, 1, one.open_minor, 0, one.tax_rate_bp) for one in due]
    off = take_off(lines, unused, _charged_if(is_taxed))
    taken = {one.id: one.open_minor for one in due} | {key: -amount for key, amount in off.taken.items()}
    lines = [replace(line, discount_minor=line.discount_minor + part) for line, part in zip(lines, off.discounts, strict=True)]
    return lines, taken


def credited(
    lines: list[BilledLine], adjustments: Sequence[Adjustment], *, is_taxed: bool
) -> tuple[list[BilledLine], dict[UUID, int]]:
    """The same for a delivery, whose order has lines for nothing but what is delivered.

    So what changes have made due makes what they have left unused less, and stays open beyond that: for a period that is charged
    by days, or for the last invoice. So does all that is not of one rate of tax, and what is unused of another one than what is
    delivered: a piece's discount, which a cancelled piece gives back, is worth what was paid for it under its own rate alone.
    """
    rate = _charged_if(is_taxed)
    rates = {rate(one.tax_rate_bp) for one in adjustments}
    if len(rates) > 1:
        return lines, {}
    due, unused = ([one for one in adjustments if one.open_minor * sign > 0] for sign in (1, -1))
    rooms = [line.gross_minor - line.discount_minor if rate(line.tax_rate_bp) in rates else 0 for line in lines]
    due_minor, unused_minor = sum(one.open_minor for one in due), -sum(one.open_minor for one in unused)
    settled = min(due_minor, unused_minor)
    credit = min(unused_minor - settled, sum(rooms))
    taken = _parts(due, settled) | _parts(unused, settled + credit)
    return _discounted(lines, credit, rooms) if credit else lines, taken


def _charged_if(is_taxed: bool) -> Rate:
    """What of a rate is charged."""
    return (lambda rate_bp: rate_bp) if is_taxed else (lambda _: 0)


def _parts(adjustments: Sequence[Adjustment], amount_minor: int) -> dict[UUID, int]:
    """What an amount takes of adjustments of one sign, the oldest first, with that sign."""
    taken = dict[UUID, int]()
    for one in adjustments:
        part = min(amount_minor, abs(one.open_minor))
        amount_minor -= part
        if part:
            taken[one.id] = part if one.open_minor > 0 else -part
    return taken


def _line(line: PlanLine, quantity: int, part: Period, whole: Period, terms: Terms) -> BilledLine:
    pieces = quantity * line.quantity
    gross = pieces * line.unit_price_minor
    off = 0 if terms.delivers or part == whole else gross - share(gross, part, whole)
    return BilledLine(line.sku, line.name, line.hsn_sac, pieces, line.unit_price_minor, off, line.tax_rate_bp, line.capability)


def _discounted(lines: Sequence[BilledLine], credit: int, rooms: Sequence[int]) -> list[BilledLine]:
    parts = allocate(credit, rooms)
    return [replace(line, discount_minor=line.discount_minor + part) for line, part in zip(lines, parts, strict=True)]


def _totals(part: Period, lines: Sequence[BilledLine], supply: Supply, taken: Mapping[UUID, int]) -> Bill:
    taxable = [tax.TaxableLine(line.quantity, line.unit_price_minor, line.discount_minor, line.tax_rate_bp) for line in lines]
    if supply.supplier_state is None or supply.supply_kind == "untaxed":
        done = untaxed(taxable, supply.round_to_minor)
    else:
        assert supply.place_of_supply is not None, "whoever charges tax knows where to"
        where = tax.Supply(
            supply.supplier_state, supply.place_of_supply, supply.supply_kind, round_to_minor=supply.round_to_minor
        )
        done = assess(taxable, where)
    return Bill(
        period=part,
        lines=tuple(lines),
        taxes=done.lines,
        subtotal_minor=sum(line.gross_minor for line in lines),
        discount_minor=sum(line.discount_minor for line in lines),
        taxable_minor=done.taxable_minor,
        tax_minor=done.charged_tax_minor,
        round_off_minor=done.round_off_minor,
        total_minor=done.total_minor,
        taken=taken,
    )
