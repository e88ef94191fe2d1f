"""The KPI catalogue: what each figure means, who answers for it, and how it follows from the rollups.

A formula is data, so that the page that describes a KPI and the code that computes it cannot say two things.

    Count      how many events
    Total      the sum of a series
    Mean       the sum by the count
    Percentile of a series' histogram, right within 2.5 %
    Ratio      one sum of parts by another, 0 to 1
"""

from dataclasses import dataclass
from typing import Final, Literal

Area = Literal["orders", "payments", "subscriptions", "trips", "shipments", "messages"]
Unit = Literal["events", "minor units", "ratio", "metres", "seconds", "shipments", "alerts", "messages"]


@dataclass(frozen=True, slots=True)
class Part:
    """What is taken of a series. use: how many events, or their sum. only: dimensions that count; empty for all."""

    series: str
    use: Literal["n", "total"] = "n"
    only: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = f"count({self.series})" if self.use == "n" else f"sum({self.series})"
        return f"{shown}[{', '.join(self.only)}]" if self.only else shown


@dataclass(frozen=True, slots=True)
class Count:
    part: Part

    def __str__(self) -> str:
        return str(self.part)


@dataclass(frozen=True, slots=True)
class Total:
    part: Part

    def __str__(self) -> str:
        return str(self.part)


@dataclass(frozen=True, slots=True)
class Mean:
    series: str

    def __str__(self) -> str:
        return f"sum({self.series}) / count({self.series})"


@dataclass(frozen=True, slots=True)
class Percentile:
    series: str
    q: float

    def __str__(self) -> str:
        return f"p{self.q * 100:g}({self.series})"


@dataclass(frozen=True, slots=True)
class Ratio:
    over: tuple[Part, ...]
    under: tuple[Part, ...]

    def __str__(self) -> str:
        return f"{_sum(self.over)} / {_sum(self.under)}"


Formula = Count | Total | Mean | Percentile | Ratio


def _sum(parts: tuple[Part, ...]) -> str:
    shown = " + ".join(map(str, parts))
    return f"({shown})" if len(parts) > 1 else shown


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be."""

    direction: Literal["at_least", "at_most"]
    value: float

    def is_met(self, value: float) -> bool:
        """Whether a figure is as it should be."""
        return value >= self.value if self.direction == "at_least" else value <= self.value


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure. by: what its parts are called where it has several, such as currencies. freshness_s: how old it may be."""

    key: str
    title: str
    area: Area
    owner: str
    unit: Unit
    formula: Formula
    by: str | None = None
    target: Target | None = None
    freshness_s: int = 180

    @property
    def parts(self) -> tuple[Part, ...]:
        """What has to be known of which series."""
        match self.formula:
            case Count(part) | Total(part):
                return (part,)
            case Mean(series) | Percentile(series):
                return (Part(series, "total"),)
            case Ratio(over, under):
                return over + under


_PLACED, _CANCELLED = "payments.order_placed", "payments.order_cancelled"
_CAPTURED, _FAILED, _REFUNDED = "payments.payment_captured", "payments.payment_failed", "payments.refund_made"
_COMPLETED, _EARLY = "trips.trip_completed", "trips.trip_ended_early"
_ENDED = "notifications.deliveries_ended:value"
_SENT = Part(_ENDED, "total", ("email/sent", "sms/sent", "in_app/sent"))
_GIVEN_UP = Part(_ENDED, "total", ("email/failed", "sms/failed", "in_app/failed"))


def _money(key: str, title: str, area: Area, formula: Formula) -> Kpi:
    return Kpi(key, title, area, "finance", "minor units", formula, by="currency")


CATALOGUE: Final = (
    Kpi("orders.placed", "Orders placed", "orders", "sales", "events", Count(Part(_PLACED))),
    _money("orders.value", "Value of orders placed", "orders", Total(Part(f"{_PLACED}:value", "total"))),
    _money("orders.average_value", "Average order", "orders", Mean(f"{_PLACED}:value")),
    _money("orders.median_value", "Median order", "orders", Percentile(f"{_PLACED}:value", 0.5)),
    Kpi("orders.cancelled", "Orders cancelled", "orders", "sales", "events", Count(Part(_CANCELLED))),
    Kpi(
        "orders.cancellation_rate",
        "Cancelled per order placed",
        "orders",
        "sales",
        "ratio",
        Ratio((Part(_CANCELLED),), (Part(_PLACED),)),
        target=Target("at_most", 0.05),
    ),
    _money("payments.captured", "Money that came in", "payments", Total(Part(f"{_CAPTURED}:value", "total"))),
    _money("payments.refunded", "Money that went back", "payments", Total(Part(f"{_REFUNDED}:value", "total"))),
    _money("payments.invoiced", "Value of invoices issued", "payments", Total(Part("payments.invoice_issued:value", "total"))),
    Kpi(
        "payments.failure_rate",
        "Failed tries of payments",
        "payments",
        "finance",
        "ratio",
        Ratio((Part(_FAILED),), (Part(_FAILED), Part(_CAPTURED))),
        target=Target("at_most", 0.1),
    ),
    Kpi(
        "payments.refund_rate",
        "Went back of what came in",
        "payments",
        "finance",
        "ratio",
        Ratio((Part(f"{_REFUNDED}:value", "total"),), (Part(f"{_CAPTURED}:value", "total"),)),
        by="currency",
        target=Target("at_most", 0.05),
    ),
    Kpi(
        "subscriptions.started",
        "Subscriptions begun",
        "subscriptions",
        "sales",
        "events",
        Count(Part("payments.subscription_started")),
    ),
    _money(
        "subscriptions.renewed",
        "Value of periods paid",
        "subscriptions",
        Total(Part("payments.subscription_renewed:value", "total")),
    ),
    Kpi(
        "subscriptions.ended",
        "Subscriptions over",
        "subscriptions",
        "sales",
        "events",
        Count(Part("payments.subscription_ended")),
    ),
    Kpi("trips.booked", "Trips asked for", "trips", "dispatch", "events", Count(Part("trips.trip_booked"))),
    Kpi("trips.completed", "Trips completed", "trips", "dispatch", "events", Count(Part(_COMPLETED))),
    Kpi(
        "trips.completion_rate",
        "Completed of trips that ended",
        "trips",
        "dispatch",
        "ratio",
        Ratio((Part(_COMPLETED),), (Part(_COMPLETED), Part(_EARLY))),
        target=Target("at_least", 0.9),
    ),
    Kpi(
        "trips.no_show_rate",
        "Passengers who did not come",
        "trips",
        "dispatch",
        "ratio",
        Ratio((Part(_EARLY, "n", ("no_show",)),), (Part(_COMPLETED), Part(_EARLY))),
        target=Target("at_most", 0.05),
    ),
    Kpi("trips.distance", "Distance driven", "trips", "dispatch", "metres", Total(Part(f"{_COMPLETED}:distance_m", "total"))),
    Kpi("trips.waiting", "Average wait for the passenger", "trips", "dispatch", "seconds", Mean(f"{_COMPLETED}:waiting_s")),
    Kpi(
        "trips.duration_p95",
        "19 of 20 trips took at most",
        "trips",
        "dispatch",
        "seconds",
        Percentile(f"{_COMPLETED}:duration_s", 0.95),
    ),
    Kpi(
        "shipments.received",
        "Shipments created or changed",
        "shipments",
        "customs desk",
        "shipments",
        Total(Part("alerts.shipments_received:value", "total")),
    ),
    Kpi(
        "shipments.alerts",
        "Alerts raised",
        "shipments",
        "customs desk",
        "alerts",
        Total(Part("alerts.alerts_raised:value", "total")),
    ),
    Kpi(
        "shipments.critical_alert_share",
        "Critical of alerts raised",
        "shipments",
        "customs desk",
        "ratio",
        Ratio(
            (Part("alerts.alerts_raised:value", "total", ("critical",)),),
            (Part("alerts.alerts_raised:value", "total"),),
        ),
        target=Target("at_most", 0.2),
    ),
    Kpi("messages.sent", "Messages sent", "messages", "operations", "messages", Total(_SENT)),
    Kpi("messages.failed", "Messages given up", "messages", "operations", "messages", Total(_GIVEN_UP)),
    Kpi(
        "messages.sent_rate",
        "Sent of messages that were tried",
        "messages",
        "operations",
        "ratio",
        Ratio((_SENT,), (_SENT, _GIVEN_UP)),
        target=Target("at_least", 0.98),
    ),
)

BY_KEY: Final = {one.key: one for one in CATALOGUE}
