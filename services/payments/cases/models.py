"""Cases as the database holds them; see the migration for what each column says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

CaseState = Literal["open", "resolved"]
Resolution = Literal["fixed", "accepted", "settled_itself"]
CaseAction = Literal["opened", "reopened", "assigned", "commented", "resolved"]

SYSTEM: Final = "system:payments"


@dataclass(frozen=True, slots=True)
class Case:
    """Something that a person has to look at, because nothing that a gateway says can put it right.

    kind: a class of reconciliation or what else has gone wrong. entity_id: what it is about, by the gateway's id where it has
    one. organization_id: None for what belongs to nobody that we know. amount_minor: at stake. resolution: fixed, it was put
    right; accepted, it stays as it is and is not opened again while nothing of it changes; settled_itself, a later run found it
    right.
    """

    id: UUID
    kind: str
    gateway: str | None
    account: str | None
    entity_id: str
    organization_id: UUID | None
    payment_id: UUID | None
    amount_minor: int | None
    currency: str | None
    details: dict[str, Any]
    state: CaseState
    owner: str | None
    opened_at: datetime
    last_seen_at: datetime
    resolution: Resolution | None
    resolved_at: datetime | None
    changed_by: str
    version: int


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A line of a case's history. owner: who had it from then on. note: a comment, or why."""

    id: int
    action: CaseAction
    actor: str
    owner: str | None
    note: str | None
    at: datetime
