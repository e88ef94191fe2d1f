"""What must come of charges: the gateway's ledger and ours agree exactly, nothing was captured twice, and nothing is lost."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from shared.runtime.db import Database
from tests.faults.books import one, rows
from tests.faults.charge_shop import Gateway
from tests.faults.checker import Counts
from tests.faults.world import World

LANES: Final = ("payments.critical", "payments.normal", "payments.subscriptions", "payments.batch")
STAYS_S: Final = 4.0
"""Longer than any bank takes here that says yes after it has said no."""
FINAL: Final = ("captured", "partially_refunded", "refunded", "failed", "cancelled", "expired", "authorized")

_PAYMENTS: Final = """
    SELECT id, status, captured_minor, refunded_minor, amount_minor, order_id, decline_reason FROM payments
"""
_UNDECIDED: Final = f"SELECT count(*) FROM payments WHERE status NOT IN {FINAL}"  # noqa: S608 - a constant of this module
_REFUNDS: Final = "SELECT id, payment_id, amount_minor, status, gateway_refund_id FROM refunds"
_REFUNDING: Final = "SELECT count(*) FROM refunds WHERE status IN ('requested', 'pending')"
_CHARGING: Final = """
    SELECT (SELECT count(*) FROM outbox WHERE name = ANY (CAST(:names AS text[])))
         + (SELECT count(*) FROM inbox WHERE state IN (1, 2, 3, 4) AND name = ANY (CAST(:names AS text[])))
"""
_TRIES: Final = ("payments.process_payment", "payments.handle_failed_payment", "payments.retry_failed_payments")
"""What has a payment charged once more that has failed."""
_CAPTURES: Final = "SELECT count(*) FROM payments WHERE captured_minor > 0"
_GIVEN: Final = "SELECT count(*) FROM refunds WHERE status = 'processed'"
_WAITING: Final = "SELECT count(*) FROM gateway_events WHERE state = 'waiting'"
_UNCONFIRMED: Final = "SELECT count(*) FROM outbox WHERE lane LIKE 'payments.%'"
_PENDING: Final = "SELECT count(*) FROM inbox WHERE state IN (1, 2, 3, 4)"
_AGAIN: Final = "SELECT coalesce(sum(greatest(attempt - 1, 0)), 0) FROM inbox"
_LETTERS: Final = "SELECT name, reason, error, count(*) AS times FROM dead_letters GROUP BY 1, 2, 3"
_BOOKS: Final = """
    SELECT account, CAST(sum(amount_minor) AS bigint) AS amount_minor FROM ledger_entries GROUP BY account
    HAVING sum(amount_minor) <> 0
"""
_ORDERS: Final = """
    SELECT orders.id, orders.paid_minor, orders.refunded_minor FROM orders LEFT JOIN payments ON payments.order_id = orders.id
     GROUP BY orders.id
    HAVING orders.paid_minor <> coalesce(sum(payments.captured_minor), 0)
        OR orders.refunded_minor <> coalesce(sum(payments.refunded_minor), 0)
"""
_COMPARED: Final = "SELECT state FROM recon_runs"
_DRIFTS: Final = """
    SELECT kind, count(*) AS times FROM cases WHERE state = 'open' AND kind IN (SELECT class FROM recon_classes) GROUP BY kind
"""
_EVENTS: Final = "SELECT count(*) FROM gateway_events"
_STUCK: Final = """
    SELECT 'outbox' AS what, lane, name, CAST(state AS text), count(*), max(due_at) - now() AS due FROM outbox
     WHERE lane LIKE 'payments.%' GROUP BY 2, 3, 4
    UNION ALL SELECT 'inbox', lane, name, CAST(state AS text), count(*), max(due_at) - now() FROM inbox
     WHERE state IN (1, 2, 3, 4) GROUP BY 2, 3, 4
    UNION ALL SELECT 'payments', gateway, '', status, count(*), max(check_at) - now() FROM payments GROUP BY 2, 4
    UNION ALL SELECT 'refunds', gateway, '', status, count(*), NULL FROM refunds GROUP BY 2, 4
"""


@dataclass
class ChargeAudit:
    """database: of the service. charges: the ids of all payments that there must be."""

    database: Database
    gateway: Gateway
    charges: set[UUID] = field(default_factory=set)
    _quiet_since: float | None = None

    async def settled(self) -> bool:
        """Whether every payment and refund has come to an end, nothing waits, and it has stayed so: what a bank says late, and
        the webhook of it, are still with the gateway, and nobody can see them there."""
        now = time.monotonic()
        if not await self._is_quiet():
            self._quiet_since = None
            return False
        self._quiet_since = self._quiet_since if self._quiet_since is not None else now
        return now - self._quiet_since > STAYS_S

    async def _is_quiet(self) -> bool:
        if any([await one(self.database, query) for query in (_UNDECIDED, _REFUNDING, _WAITING, _UNCONFIRMED, _PENDING)]):
            return False
        kinds = Counter(one_of["kind"] for one_of in await self.gateway.movements())
        return kinds["capture"] == await one(self.database, _CAPTURES) and kinds["refund"] == await one(self.database, _GIVEN)

    async def undecided(self) -> int:
        """How many payments and refunds have not come to an end, and how many messages may begin another try of one."""
        tries = await one(self.database, _CHARGING, names=list(_TRIES))
        return await one(self.database, _UNDECIDED) + await one(self.database, _REFUNDING) + tries

    async def stuck(self) -> str:
        """Where what is not settled waits."""
        return "\n      ".join(str(tuple(row)) for row in await rows(self.database, _STUCK))

    async def count(self, world: World) -> Counts:
        """Effects are payments that were captured. Whatever else is not as it must be counts as unexpected, and is noted."""
        ours = {row.id: row for row in await rows(self.database, _PAYMENTS)}
        taken, given = self._by_payment(await self.gateway.movements())
        lost = sorted(key for key in self.charges if key not in ours or ours[key].status not in FINAL)
        counts = Counts(sent=len(self.charges), effects=sum(row.captured_minor > 0 for row in ours.values()), lost=len(lost))
        counts.doubled = sum(len(found) - 1 for found in taken.values()) + len(await self.gateway.repeated())
        for row in await rows(self.database, _LETTERS):
            counts.letters[row.reason] += row.times
            world.notes.append(f"dead letters: {row.times} {row.name}, {row.reason}, {row.error}")
        counts.wrongly_buried = counts.letters.total()
        counts.redelivered = await one(self.database, _AGAIN)
        counts.unconfirmed = await one(self.database, _UNCONFIRMED)
        counts.pending = await one(self.database, _PENDING)
        wrong = [*_differences(ours, taken), *await self._books(ours), *await self._refunds(given), *await self._drifts()]
        counts.unexpected = len(wrong)
        world.notes += [f"wrong: {sentence}" for sentence in wrong[:8]]
        world.notes += [f"lost: {key}, {tuple(ours[key]) if key in ours else 'no payment'}" for key in lost[:5]]
        statuses = ", ".join(
            f"{status} {times}" for status, times in sorted(Counter(row.status for row in ours.values()).items())
        )
        events = await one(self.database, _EVENTS)
        world.notes.append(f"payments: {statuses}; {len(given)} refunds; {events} events, each told three times and more")
        return counts

    def _by_payment(self, movements: list[dict[str, Any]]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
        """Captures by our payment, and refunds by our receipt; what nobody of us has made stands under an empty name."""
        taken, given = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for one_of in movements:
            if one_of["kind"] == "capture":
                taken[str(one_of["notes"].get("payment") or "")].append(one_of["amount"])
            elif one_of["kind"] == "refund":
                given[one_of["reference"] or ""].append(one_of["amount"])
        return dict(taken), dict(given)

    async def _books(self, ours: dict[UUID, Any]) -> list[str]:
        """Where the ledger is not what the payments come to."""
        net = sum(row.captured_minor - row.refunded_minor for row in ours.values())
        books = {row.account: row.amount_minor for row in await rows(self.database, _BOOKS)}
        found = [] if sum(books.values()) == 0 else [f"the trial balance is {books}"]
        if books.get("gateway_receivable", 0) != net:
            found.append(f"{books.get('gateway_receivable', 0)} are booked as the gateway's debt and not {net}")
        found += [f"the order {row.id} has got {row.paid_minor}" for row in await rows(self.database, _ORDERS)]
        return found

    async def _drifts(self) -> list[str]:
        """What reconciliation has found: that both ledgers agree, as counted above, or it has missed something or made it up."""
        runs = [row.state for row in await rows(self.database, _COMPARED)]
        found = [f"{row.times} cases of {row.kind} are open" for row in await rows(self.database, _DRIFTS)]
        return found if runs == ["finished"] else [f"reconciliation is {runs}", *found]

    async def _refunds(self, given: dict[str, list[int]]) -> list[str]:
        """Where a refund of ours is not one of the gateway's, or the other way round."""
        known = {str(row.id): row for row in await rows(self.database, _REFUNDS)}
        found = [
            f"the gateway has given back {amounts} for {key or 'nobody'}" for key, amounts in given.items() if key not in known
        ]
        for key, row in known.items():
            expected = [row.amount_minor] if row.status == "processed" else []
            if given.get(key, []) != expected:
                found.append(f"the refund {key} is {row.status} with us, and {given.get(key, [])} with the gateway")
        return found


def _differences(ours: dict[UUID, Any], taken: dict[str, list[int]]) -> list[str]:
    found = [f"the gateway has taken {amounts} for {key or 'nobody'}" for key, amounts in taken.items() if not _known(key, ours)]
    for key, row in ours.items():
        at_gateway = taken.get(str(key), [])
        if at_gateway != ([row.captured_minor] if row.captured_minor else []):
            found.append(f"the payment {key} is {row.status} with {row.captured_minor}, and {at_gateway} with the gateway")
        if row.status in ("captured", "partially_refunded", "refunded") and row.captured_minor != row.amount_minor:
            found.append(f"the payment {key} of {row.amount_minor} has got {row.captured_minor}")
    return found


def _known(key: str, ours: dict[UUID, Any]) -> bool:
    try:
        return UUID(key) in ours
    except ValueError:
        return False
