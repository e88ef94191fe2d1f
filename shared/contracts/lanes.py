"""Every lane of the system: the one place where a queue's name may be written.

A lane is a Celery queue of its own. Its name is `<owner>.<lane>`, and only workers of the owner
consume it; anybody may send to it. The rank orders lanes inside one worker, highest first:
8 to 10 is critical, 5 to 7 normal, 1 to 4 low.
"""

from dataclasses import dataclass
from typing import Final

SERVICES: Final = ("alerts", "notifications", "payments", "trips", "analytics")


@dataclass(frozen=True, slots=True)
class Lane:
    """One queue.

    hard_limit_s: seconds after which a child that still works on one delivery is killed.
    linger_ms: how long the relay may hold a message back to send it together with others.
    """

    name: str
    rank: int
    hard_limit_s: int = 60
    linger_ms: int = 10

    @property
    def owner(self) -> str:
        return self.name.partition(".")[0]

    def __str__(self) -> str:
        return self.name


_LONG_S = 30 * 60

ALERTS_EVALUATION = Lane("alerts.evaluation", 8)
ALERTS_DEFAULT = Lane("alerts.default", 5)
NOTIFICATIONS_URGENT = Lane("notifications.urgent", 9, linger_ms=0)
NOTIFICATIONS_CALLBACKS = Lane("notifications.callbacks", 6)
NOTIFICATIONS_NORMAL = Lane("notifications.normal", 5)
NOTIFICATIONS_BULK = Lane("notifications.bulk", 2)
PAYMENTS_CRITICAL = Lane("payments.critical", 10, linger_ms=0)
PAYMENTS_NORMAL = Lane("payments.normal", 5)
PAYMENTS_SUBSCRIPTIONS = Lane("payments.subscriptions", 5)
PAYMENTS_BATCH = Lane("payments.batch", 3, hard_limit_s=_LONG_S)
TRIPS_REALTIME = Lane("trips.realtime", 9, linger_ms=0)
TRIPS_NORMAL = Lane("trips.normal", 5)
TRIPS_BACKGROUND = Lane("trips.background", 2, hard_limit_s=_LONG_S)
ANALYTICS_CRITICAL = Lane("analytics.critical", 10, linger_ms=0)
ANALYTICS_REALTIME = Lane("analytics.realtime", 8, linger_ms=0)
ANALYTICS_NORMAL = Lane("analytics.normal", 5)
ANALYTICS_BATCH = Lane("analytics.batch", 3, hard_limit_s=_LONG_S)
ANALYTICS_MAINTENANCE = Lane("analytics.maintenance", 2, hard_limit_s=_LONG_S)
ANALYTICS_BACKUP = Lane("analytics.backup", 1, hard_limit_s=_LONG_S)

LANES: Final[dict[str, Lane]] = {lane.name: lane for lane in list(globals().values()) if isinstance(lane, Lane)}


def lanes_of(service: str) -> tuple[Lane, ...]:
    """The lanes that `service` owns, highest rank first."""
    owned = (lane for lane in LANES.values() if lane.owner == service)
    return tuple(sorted(owned, key=lambda lane: -lane.rank))
