"""What must come of made-up shipments, told without the services, beside their tables and the mailbox."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from deploy.local.sample_outcomes import Mail, expected_mails, expected_severity
from deploy.local.sample_shipments import SampleShipment
from shared.runtime.db import Database
from tests.faults.books import MailBooks, one, rows
from tests.faults.checker import Counts, look_outside
from tests.faults.world import World

T = TypeVar("T")
Raised = tuple[UUID, str, str]
"""Organization, reference and severity."""

_ALERTS: Final = """
    SELECT alerts.organization_id, reference, severity, email_sent,
           (SELECT count(*) FROM alert_timeline WHERE alert_id = alerts.id AND kind = 'raised') AS entries
      FROM alerts JOIN shipments ON shipments.id = shipment_id
"""
_CHUNKS: Final = "SELECT run_id, number, raised FROM evaluation_chunks WHERE raised > 0"
_EVENTS: Final = """
    SELECT (body->>'run_id')::uuid AS run_id, (body->>'chunk')::int AS number, (body->>'raised')::int AS raised
      FROM outbox WHERE name = 'alerts.alerts_raised'
"""
_RUNNING: Final = "SELECT count(*) FROM evaluation_runs WHERE finished_at IS NULL"
_STARTS: Final = "SELECT sum(starts) FROM evaluation_runs"
_UNTOLD: Final = "SELECT count(*) FROM alerts WHERE NOT email_sent"
_SENT: Final = "SELECT count(*) FROM deliveries WHERE status = 'sent'"
_PENDING: Final = "SELECT count(*) FROM inbox WHERE state IN (1, 2, 3, 4)"
_AGAIN: Final = "SELECT coalesce(sum(greatest(attempt - 1, 0)), 0) FROM inbox"
_LETTERS: Final = "SELECT reason FROM dead_letters"
# The events for analytics stay, because nobody consumes them here, and so can be counted.
_UNCONFIRMED: Final = "SELECT count(*) FROM outbox WHERE lane NOT LIKE 'analytics.%'"
_WAITING_OUT: Final = (
    "SELECT lane, name, state, count(*), max(sends) FROM outbox WHERE lane NOT LIKE 'analytics.%' GROUP BY 1, 2, 3"
)
_WAITING_IN: Final = """
    SELECT lane, name, state, count(*), max(crashes), max(due_at) - now(), max(error) FROM inbox
     WHERE state IN (1, 2, 3, 4) GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class AlertAudit:
    """alerts, notifications: their databases. shipments: by organization. day: on which they are evaluated."""

    alerts: Database
    notifications: Database
    mailbox: MailBooks
    shipments: Mapping[UUID, Sequence[SampleShipment]]
    day: date

    def expected_alerts(self) -> Counter[Raised]:
        """One for each late shipment."""
        found = [
            (key, shipment.reference, expected_severity(shipment, self.day))
            for key, own in self.shipments.items()
            for shipment in own
        ]
        return Counter((key, reference, severity) for key, reference, severity in found if severity is not None)

    def expected_mails(self) -> Counter[Mail]:
        """Recipients' addresses name their organization."""
        return sum((expected_mails(own, self.day) for own in self.shipments.values()), Counter[Mail]())

    async def settled(self) -> bool:
        """Whether every run is finished, every mail sent and reported, and nothing waits."""
        waits = [await one(database, query) for database in self._both for query in (_UNCONFIRMED, _PENDING)]
        waits += [await one(self.alerts, _RUNNING), await one(self.alerts, _UNTOLD)]
        return not any(waits) and await one(self.notifications, _SENT) >= self.expected_mails().total()

    async def stuck(self) -> str:
        """Where what is not settled waits."""
        parts = [str(tuple(row)) for database in self._both for row in await rows(database, _WAITING_OUT)]
        parts += [str(tuple(row)) for database in self._both for row in await rows(database, _WAITING_IN)]
        parts.append(f"{await one(self.alerts, _RUNNING)} runs, {await one(self.alerts, _UNTOLD)} alerts not told")
        return "\n      ".join(parts)

    async def count(self, world: World) -> Counts:
        """Effects are alerts, events and mails. An alert without its entry, or of which not all were told, counts as lost."""
        counts = Counts()
        alerts = await rows(self.alerts, _ALERTS)
        self._compare(counts, world, "alerts", self.expected_alerts(), Counter(tuple(row)[:3] for row in alerts))
        counts.lost += sum(row.entries == 0 or not row.email_sent for row in alerts)
        counts.doubled += sum(max(0, row.entries - 1) for row in alerts)
        chunks, events = [Counter(map(tuple, await rows(self.alerts, query))) for query in (_CHUNKS, _EVENTS)]
        self._compare(counts, world, "events", chunks, events)
        mails = await self.mailbox.mails()
        by_id = {mail["message_id"]: (mail["envelope"]["rcpt_to"][0], mail["subject"]) for mail in mails}
        self._compare(counts, world, "mails", self.expected_mails(), Counter(by_id.values()))
        for database in self._both:
            counts.redelivered += await one(database, _AGAIN)
            counts.unconfirmed += await one(database, _UNCONFIRMED)
            counts.pending += await one(database, _PENDING)
            counts.letters.update(row.reason for row in await rows(database, _LETTERS))
        await look_outside(world, counts)
        starts = await one(self.alerts, _STARTS)
        killed = ", ".join(f"{name} {times}" for name, times in sorted(world.restarts.items()))
        world.notes.append(f"copies of mails: {counts.repeated}, runs taken up {starts} times, started again: {killed}")
        return counts

    @property
    def _both(self) -> tuple[Database, Database]:
        return self.alerts, self.notifications

    def _compare(self, counts: Counts, world: World, what: str, expected: Counter[T], found: Counter[T]) -> None:
        surplus = found - expected
        counts.sent += expected.total()
        counts.effects += found.total()
        counts.lost += (expected - found).total()
        counts.doubled += sum(times for key, times in surplus.items() if key in expected)
        counts.unexpected += sum(times for key, times in surplus.items() if key not in expected)
        world.notes.append(f"{what}: {found.total()} of {expected.total()}")


def share_out(count: int, sizes: Sequence[int]) -> list[int]:
    """So many in parts: the first ones of the sizes given, then parts of the last size."""
    parts: list[int] = []
    while count > 0:
        parts.append(min(count, sizes[min(len(parts), len(sizes) - 1)]))
        count -= parts[-1]
    return parts
