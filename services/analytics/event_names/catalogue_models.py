"""The names that are known from the start, and what is counted of each event.

A series is what rollups are kept of. Each event counts in the series of its own name; what else is measured of it has a series
`<name>:<measure>`. The services' own events come by message alone: whoever could send them by HTTP could make up turnover.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.contracts.lanes import SERVICES

VALUE: Final = "@value"
"""Stands for the event's own `value`, and not one of its properties."""
OTHER: Final = "other"
"""What a dimension's value is counted as that is none of those which were named."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number that is taken of each event of a name.

    series: what it is kept as. field: a property that is an integer, VALUE, or None to count. dimension: the property by which it
    is counted apart. allowed: all its values that are; empty for a property of the services' own, which has few.
    """

    name: str
    series: str
    field: str | None = None
    dimension: str | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventName:
    """A kind of event. unit: of its `value`; None where it has none."""

    name: str
    description: str
    unit: str | None = None
    dimension: str | None = None
    dimension_values: tuple[str, ...] = ()
    measures: tuple[tuple[str, str], ...] = ()

    def all_measures(self) -> tuple[Measure, ...]:
        """What is counted of it."""
        made = [Measure(self.name, self.name, None, self.dimension, self.dimension_values)]
        if self.unit is not None:
            made.append(Measure(self.name, f"{self.name}:value", VALUE, self.dimension, self.dimension_values))
        made += [Measure(self.name, f"{self.name}:{key}", key) for key, _ in self.measures]
        return tuple(made)


_MONEY: Final = "minor units"

SERVICE_EVENTS: Final = (
    EventName("payments.order_placed", "An order was placed; its total.", _MONEY, "currency", measures=(("lines", "lines"),)),
    EventName("payments.order_cancelled", "An order was cancelled as a whole; its total.", _MONEY, "currency"),
    EventName("payments.payment_captured", "Money has come in; how much.", _MONEY, "currency"),
    EventName("payments.payment_failed", "A try of a payment has failed; what was asked for.", _MONEY, "currency"),
    EventName("payments.refund_made", "Money has gone back; how much.", _MONEY, "currency"),
    EventName("payments.invoice_issued", "An invoice was issued; its total.", _MONEY, "currency"),
    EventName("payments.subscription_started", "A subscription has begun."),
    EventName("payments.subscription_renewed", "A period of a subscription was paid for; how much.", _MONEY, "currency"),
    EventName("payments.subscription_ended", "A subscription is over.", None, "status"),
    EventName("trips.trip_booked", "A trip was asked for."),
    EventName(
        "trips.trip_completed",
        "A trip has ended at its destination.",
        measures=(("distance_m", "metres"), ("duration_s", "seconds"), ("waiting_s", "seconds")),
    ),
    EventName("trips.trip_ended_early", "A trip was cancelled, aborted, or its passenger did not come.", None, "status"),
    EventName("alerts.alerts_raised", "Alerts were raised; how many.", "alerts", "severity"),
    EventName("alerts.shipments_received", "Shipments were created or changed; how many.", "shipments", "kind"),
    EventName("notifications.deliveries_ended", "Messages reached their end; how many.", "messages", "outcome"),
)

HTTP_EVENTS: Final = (
    EventName("app.session_started", "Somebody has opened the application."),
    EventName("shop.page_viewed", "A page of the shop was looked at."),
    EventName("shop.product_viewed", "A product was looked at."),
    EventName("shop.cart_filled", "Something was put into a cart."),
    EventName("shop.checkout_started", "Somebody has begun to pay."),
)

OWN_NAMES: Final = frozenset(one.name for one in HTTP_EVENTS)


def is_reserved(name: str) -> bool:
    """Whether the name is a service's own, whether there is such an event or not."""
    return name.partition(".")[0] in SERVICES


def near(name: str, known: Iterable[str]) -> list[str]:
    """Those of the known names that are written nearly like it, the nearest first; three at most."""
    return difflib.get_close_matches(name, sorted(known), n=3, cutoff=0.6)
