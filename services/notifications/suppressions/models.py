"""The suppression list: who is not written to, why, and how far that reaches; see migration 0008 for what each column says."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import DateTime
from sqlalchemy.orm import Mapped, mapped_column

from shared.runtime.db import Model


class Scope(StrEnum):
    """global: whatever is sent. organization: what is sent for one organization. category: of that, one category."""

    GLOBAL = "global"
    ORGANIZATION = "organization"
    CATEGORY = "category"


class Reason(StrEnum):
    """Why somebody is on the list, and what that stops within the entry's scope.

    hard_bounce, invalid_number: the address cannot work; everything. opted_out: the recipient has said STOP; everything.
    do_not_call: the number is on a register of those who want no advertising, such as India's; marketing. complaint: the
    recipient has called a mail spam; marketing. unsubscribed: what the law lets people decline.
    soft_bounces: the mailbox has been full or away too often; everything, for a while. manual, imported: somebody here has
    said so; everything.
    """

    HARD_BOUNCE = "hard_bounce"
    INVALID_NUMBER = "invalid_number"
    OPTED_OUT = "opted_out"
    SOFT_BOUNCES = "soft_bounces"
    MANUAL = "manual"
    IMPORTED = "imported"
    DO_NOT_CALL = "do_not_call"
    COMPLAINT = "complaint"
    UNSUBSCRIBED = "unsubscribed"


FOR_ALL: Final = frozenset({Reason.HARD_BOUNCE, Reason.INVALID_NUMBER, Reason.OPTED_OUT})
"""What is true of an address is true for everybody; only administrators take it off the list."""


class Suppression(Model):
    """One entry. Written by the statements of `repository.py` alone."""

    __tablename__ = "suppressions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str]
    address: Mapped[str | None]
    address_hash: Mapped[str]
    scope: Mapped[str]
    organization_id: Mapped[UUID | None]
    category: Mapped[str | None]
    reason: Mapped[str]
    source: Mapped[str]
    note: Mapped[str | None]
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
