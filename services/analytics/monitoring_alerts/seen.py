"""All that rules look at, as it is at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel

from services.analytics.backups.models import Backup
from services.analytics.health.schemas import HealthOut
from services.analytics.lanes.schemas import QueuesOut
from services.analytics.machine.figures import Machine
from services.analytics.owners.answers import Answer
from services.analytics.slots.schemas import SchedulesOut
from services.analytics.sync_runs.models import Standing
from services.analytics.workers.schemas import WorkersOut
from shared.runtime.http.pages import Page
from shared.runtime.operations.dead_letters.schemas import DeadLetterCounts

LETTERS_PATH = "/v1/operations/dead-letters/counts"
CASES_PATH = "/v1/cases?state=open&limit=200"


class OpenCase(BaseModel):
    """A case of payments' reconciliation, as far as it matters here."""

    kind: str


OpenCases = Page[OpenCase]


@dataclass(frozen=True, slots=True)
class Seen:
    """failures: messages that failed for good or were lost on urgent lanes, by task. missed_before: as the look before saw it.

    sources: those outside that are read. unsaved_since: the moment behind which nothing is in a verified backup; None where
    backups were never asked for. last_backup: the one that was begun or given up last; None where there is none.
    """

    at: datetime
    queues: QueuesOut
    workers: WorkersOut
    schedules: SchedulesOut
    health: HealthOut
    failures: Mapping[str, int]
    letters: Mapping[str, Answer[DeadLetterCounts]]
    cases: Answer[OpenCases]
    machine: Machine
    is_deaf: bool
    missed_before: Mapping[str, int] = field(default_factory=dict)
    sources: Sequence[Standing] = ()
    unsaved_since: datetime | None = None
    last_backup: Backup | None = None

    @property
    def missed(self) -> dict[str, int]:
        """Slots that were passed over, by entry."""
        return {f"{one.service}/{one.name}": one.missed for one in self.schedules.items}
