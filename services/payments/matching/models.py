"""Orders on their way to manufacturers, and the runs that match them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.payments.matching.pool_models import Demand
from shared.runtime.db import Model

SYSTEM: Final = "system:matching"
"""Who has asked for a run when nobody is named."""

MatchState = Literal["waiting", "unmatched", "offered", "assigned", "done", "withdrawn", "not_needed"]
Outcome = Literal["offered", "unmatched"]


class OrderMatch(Model):
    """Where an order stands. round: how often offers were made. retry_at: when an unmatched one waits again by itself.

    waiting     lines of it need a manufacturer, and the next run looks for one
    unmatched   none was found, for `reason`; it waits again when manufacturers change, or at `retry_at`
    offered     every line is offered to a manufacturer, or accepted by one
    assigned    every line is accepted, and the order went into production
    done        everything was delivered to the customer
    withdrawn   the order was cancelled
    not_needed  nothing of it is made
    """

    __tablename__ = "order_matches"

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    state: Mapped[MatchState] = mapped_column(Text)
    round: Mapped[int]
    capabilities: Mapped[list[str]] = mapped_column(ARRAY(Text))
    waiting_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    tried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason_code: Mapped[str | None]
    reason: Mapped[str | None]
    retry_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    alerted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class MatchRun(Model):
    """One run. organization_id, order_id: None where it was about all of them. working_ms: what its chunks took together."""

    __tablename__ = "match_runs"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    requested_by: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    chunks: Mapped[int]
    orders: Mapped[int]
    offered: Mapped[int]
    unmatched: Mapped[int]
    working_ms: Mapped[int] = mapped_column(BigInteger)


class MatchPool(Model):
    """Who could make a capability, as runs have found them. digest: SHA-256 of members."""

    __tablename__ = "match_pools"

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    capability: Mapped[str]
    members: Mapped[list[Any]] = mapped_column(JSON)


class MatchExplanation(Model):
    """Why an order was matched as it was. facts: as explanation_facts.py packs them."""

    __tablename__ = "match_explanations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    order_id: Mapped[UUID]
    run_id: Mapped[UUID]
    outcome: Mapped[Outcome] = mapped_column(Text)
    policy_number: Mapped[int]
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    facts: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """An order that a run has taken up. names: of its lines. wants: False for one that was cancelled or is done."""

    demand: Demand
    number: str
    names: Mapping[int, str]
    round: int
    wants: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What a chunk did. contended: orders whose capacity others took meanwhile; they wait on."""

    orders: int = 0
    offered: int = 0
    unmatched: int = 0
    contended: int = 0
