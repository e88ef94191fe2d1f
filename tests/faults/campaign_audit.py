"""What must come of a campaign, counted from the service's tables, the provider's mailbox, and what the API says of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from services.notifications.campaigns.advance import DRAIN_WAIT
from services.notifications.campaigns.models import CampaignStatus, subject_of
from services.notifications.suppressions.gate import SUPPRESSED
from shared.runtime.db import Database
from tests.faults.books import MailBooks, one, rows
from tests.faults.campaign_fates import Fate
from tests.faults.campaign_planner import Planner
from tests.faults.checker import Counts, look_outside
from tests.faults.world import World

_STEP: Final = "notifications.advance_campaign"
_CAMPAIGN: Final = """
    SELECT status, step, queued, paced, extract(epoch FROM coalesce(finished_at, now()) - last_queued_at) AS drained_s,
           (SELECT count(*) FROM campaign_changes WHERE campaign_id = campaigns.id AND action = 'resume') AS resumed
      FROM campaigns WHERE id = :id
"""
_RECIPIENTS: Final = """
    SELECT campaign_id, coalesce(to_email, email) AS address, state, delivery_id
      FROM campaign_recipients LEFT JOIN people ON reference = to_person
"""
_DELIVERIES: Final = """
    SELECT id, to_address AS address, subject_key, status, reason, receipt, asked_at,
           (SELECT count(*) FROM delivery_attempts WHERE delivery_id = deliveries.id AND outcome = 'unknown') AS unknown,
           (SELECT count(*) FROM delivery_attempts WHERE delivery_id = deliveries.id AND outcome IS NULL) AS open,
           (SELECT count(*) FROM delivery_attempts WHERE delivery_id = deliveries.id AND outcome = 'accepted') AS accepted
      FROM deliveries
"""
_ENDED: Final = "SELECT count(*) FROM deliveries WHERE status IN ('sent', 'failed', 'dropped')"
_RECEIPTS: Final = "SELECT to_address AS address, receipt FROM deliveries"
_EVENTS: Final = "SELECT state, count(*) AS times FROM provider_events GROUP BY state"
_WAITING_EVENTS: Final = "SELECT count(*) FROM provider_events WHERE state = 'waiting'"
# No worker of analytics runs here, which counts what has ended.
_UNCONFIRMED: Final = f"SELECT count(*) FROM outbox WHERE name <> '{_STEP}' AND lane NOT LIKE 'analytics.%'"  # noqa: S608 - a constant of this module
_STEPS: Final = f"""
    SELECT count(*) FROM campaigns JOIN (
           SELECT id, (body->>'campaign_id')::uuid AS campaign_id, (body->>'step')::int AS step
             FROM outbox WHERE name = '{_STEP}'
           UNION
           SELECT id, (body->>'campaign_id')::uuid, (body->>'step')::int
             FROM inbox WHERE name = '{_STEP}' AND state IN (1, 2, 3, 4)) AS asked
        ON asked.campaign_id = campaigns.id AND asked.step = campaigns.step + 1
"""  # noqa: S608 - as above
_PENDING: Final = "SELECT count(*) FROM inbox WHERE state IN (1, 2, 3, 4)"
_AGAIN: Final = "SELECT coalesce(sum(greatest(attempt - 1, 0)), 0) FROM inbox"
_LETTERS: Final = "SELECT reason, error, count(*) AS times FROM dead_letters GROUP BY 1, 2"
_WAITING_OUT: Final = "SELECT 'outbox', lane, name, state, count(*), max(sends), max(due_at) - now() FROM outbox GROUP BY 2, 3, 4"
_WAITING_IN: Final = """
    SELECT 'inbox', lane, name, state, count(*), max(crashes), max(due_at) - now(), max(error) FROM inbox
     WHERE state IN (1, 2, 3, 4) GROUP BY 2, 3, 4
"""
_PARTS: Final = ("waiting", "under_way", "sent", "failed", "dropped")
_BOUNCES: Final = ("bounced_hard", "bounced_soft", "blocked")
_IDLE_STEPS: Final = 3
"""The last ones, and one that came a moment too early."""
_A_MINUTE: Final = timedelta(seconds=59)
"""The moments of two steps are told by two clocks: one second of it is left out."""


@dataclass
class CampaignAudit:
    """database: of the service. recipients: by their addresses. per_minute: the cap. to_its_end: whether the campaign must have
    finished, which it does half a minute after its last mail at the latest. strayed: what was seen to go wrong on the way."""

    database: Database
    mailbox: MailBooks
    planner: Planner
    recipients: Mapping[str, Fate]
    per_minute: int | None
    to_its_end: bool
    strayed: list[str] = field(default_factory=list)
    _sent: int = 0

    async def settled(self) -> bool:
        """Whether everything sent has ended and is where the provider's reports put it, and nothing waits."""
        if any([await one(self.database, query) for query in (_UNCONFIRMED, _PENDING, _WAITING_EVENTS)]):
            return False
        if await one(self.database, _ENDED) < len(self.recipients):
            return False
        if any(self._is_misreported(row) for row in await rows(self.database, _RECEIPTS)):
            return False
        return not self.to_its_end or (await self._campaign()).status == CampaignStatus.FINISHED

    async def stuck(self) -> str:
        """Where what is not settled waits."""
        waiting = [str(tuple(row)) for query in (_WAITING_OUT, _WAITING_IN) for row in await rows(self.database, query)]
        return "\n      ".join([f"campaign {tuple(await self._campaign())}", *waiting])

    async def count(self, world: World) -> Counts:
        """Effects are deliveries that were sent. Whatever else is not as it must be counts as unexpected, and is noted."""
        known, made = await rows(self.database, _RECIPIENTS), await rows(self.database, _DELIVERIES)
        mails = await self.mailbox.mails()
        by_address: defaultdict[str, list[Any]] = defaultdict(list)
        for row in made:
            by_address[row.address].append(row)
        counts = Counts(sent=len(self.recipients), effects=sum(row.status == "sent" for row in made))
        lost = self._lost(by_address, {mail["envelope"]["rcpt_to"][0] for mail in mails})
        counts.lost = len(lost)
        counts.doubled = _surplus(row.address for row in known) + _surplus(row.address for row in made)
        for row in await rows(self.database, _LETTERS):
            counts.letters[row.reason] += row.times
            world.notes.append(f"dead letters: {row.times} {row.reason}, {row.error}")
        counts.wrongly_buried = counts.letters.total()
        counts.redelivered = await one(self.database, _AGAIN)
        counts.unconfirmed = await one(self.database, _UNCONFIRMED)
        counts.pending = await one(self.database, _PENDING)
        await look_outside(world, counts)
        wrong = [*self.strayed, *self._strange(known, made), *await self._false_figures(made), *await self._broken_chain(made)]
        counts.unexpected = len(wrong)
        world.notes += [f"wrong: {sentence}" for sentence in wrong[:8]]
        world.notes += [f"lost: {address}, {[tuple(row) for row in by_address[address]]}" for address in lost[:5]]
        world.notes += await self._report(world, counts, made, mails)
        return counts

    async def look(self) -> None:
        """Whether the progress that the API shows adds up on the way, too, and never falls back."""
        shown = (await self.planner.read())["progress"]
        if sum(shown[part] for part in _PARTS) != shown["total"] or shown["sent"] < self._sent:
            self.strayed.append(f"{shown} does not add up, or falls back behind {self._sent} sent")
        self._sent = shown["sent"]

    async def queued(self) -> int:
        """How many recipients the campaign has asked for."""
        return int((await self._campaign()).queued)

    async def _campaign(self) -> Any:
        [row] = await rows(self.database, _CAMPAIGN, id=self.planner.campaign_id)
        return row

    def _lost(self, by_address: Mapping[str, Sequence[Any]], reached: set[str]) -> list[str]:
        """Whom no mail has reached, or of whom the service does not know that it was sent."""
        return [
            address
            for address, fate in self.recipients.items()
            if address not in reached or not any(_is_well(row, fate) for row in by_address.get(address, ()))
        ]

    def _is_misreported(self, row: Any) -> bool:
        fate = self.recipients.get(row.address)
        return fate is None or row.receipt != fate.receipt

    def _strange(self, known: Sequence[Any], made: Sequence[Any]) -> list[str]:
        """Rows of nobody, receipts that the provider's reports do not lead to, books that were not closed."""
        subject = subject_of(self.planner.campaign_id)
        asked = {row.delivery_id: row.address for row in known if row.campaign_id == self.planner.campaign_id}
        found = [f"{row.address} is no recipient" for row in known if row.address not in self.recipients]
        found += [f"{row.address} is {row.state}" for row in known if row.state != "queued"]
        for row in made:
            if row.subject_key != subject or asked.get(row.id) != row.address:
                found.append(f"the delivery {row.id} to {row.address} was asked for by nobody")
            if self._is_misreported(row):
                found.append(f"the delivery to {row.address} stands at {row.receipt}")
            if row.open or row.accepted != (row.status == "sent"):
                found.append(f"{row.address} {row.status}: {row.open} attempts open, {row.accepted} accepted")
        return found

    async def _false_figures(self, made: Sequence[Any]) -> list[str]:
        """Where the progress that the API shows is not what the tables have."""
        statuses, receipts = Counter(row.status for row in made), Counter(row.receipt for row in made)
        true = {
            "total": len(self.recipients),
            "waiting": 0,
            "under_way": 0,
            **{status: statuses[status] for status in ("sent", "failed", "dropped")},
            **{receipt: receipts[receipt] for receipt in ("delivered", "complained")},
            "bounced": sum(receipts[kind] for kind in _BOUNCES),
        }
        shown = (await self.planner.read())["progress"]
        return [f"{name} is {shown[name]} and not {true[name]}" for name in shown if shown[name] != true.get(name)]

    async def _broken_chain(self, made: Sequence[Any]) -> list[str]:
        """A campaign that is not finished has one step to come, a finished one none; no minute exceeds the cap; and of two chains
        of steps, one would find nothing to do."""
        campaign, steps = await self._campaign(), await one(self.database, _STEPS)
        found = []
        if steps != (campaign.status == CampaignStatus.RUNNING):
            found.append(f"{steps} next steps of a campaign that is {campaign.status}")
        if self.per_minute is not None:
            most = most_in_a_minute(row.asked_at for row in made)
            if most > self.per_minute:
                found.append(f"{most} in one minute, of which {self.per_minute} are allowed")
            idle = campaign.step - campaign.paced - campaign.resumed - float(campaign.drained_s) // DRAIN_WAIT.total_seconds()
            if idle > _IDLE_STEPS:
                found.append(f"{idle:g} of {campaign.step} steps had nothing to do")
        return found

    async def _report(self, world: World, counts: Counts, made: Sequence[Any], mails: Sequence[Mapping[str, Any]]) -> list[str]:
        campaign, copies = await self._campaign(), Counter(mail["message_id"] for mail in mails)
        twice, inside = sum(times > 1 for times in copies.values()), counts.repeated - counts.forbidden
        unknown, dropped = sum(row.unknown for row in made), sum(row.status == "dropped" for row in made)
        events = ", ".join(f"{row.times} {row.state}" for row in await rows(self.database, _EVENTS))
        killed = ", ".join(f"{name} {times}" for name, times in sorted(world.restarts.items()))
        found = f"campaign {campaign.status} after {campaign.step} steps: lost {counts.lost}, doubled {counts.doubled}"
        return [
            f"{found}, copies in the open window {inside} of {twice} recipients, outside of it {counts.forbidden}",
            f"attempts that stand as unknown {unknown}, not sent again because suppressed by then {dropped}",
            f"events of the provider: {events or 'none'}; started again: {killed or 'none'}",
        ]


def _is_well(row: Any, fate: Fate) -> bool:
    """Sent; or not sent again, where its process died before the record and the provider has told meanwhile that it bounced."""
    suppressed = row.status == "dropped" and row.reason == SUPPRESSED and fate.suppresses and row.unknown > 0
    return row.status == "sent" or suppressed


def _surplus(addresses: Iterable[str]) -> int:
    return sum(times - 1 for times in Counter(addresses).values())


def most_in_a_minute(moments: Iterable[datetime]) -> int:
    """The most of these that lie within one minute."""
    ordered, most, first = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] > _A_MINUTE:
            first += 1
        most = max(most, last - first + 1)
    return most
