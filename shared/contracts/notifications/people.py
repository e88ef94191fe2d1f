"""Whom references of other services stand for."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts import lanes
from shared.contracts.message import Command, Contract
from shared.contracts.notifications.fields import REFERENCE
from shared.contracts.retry import RetryPolicy


class UpsertPerson(Command):
    """What a person's owner knows of the person. An older version than the one that is known changes nothing.

    reference: `trips.driver:…`, `payments.customer:…`. locale: a BCP 47 tag. time_zone: a name of the IANA database.
    """

    contract: ClassVar = Contract(
        "notifications.upsert_person",
        (lanes.NOTIFICATIONS_NORMAL,),
        RetryPolicy(max_retries=10, base_s=5, cap_s=600),
        max_batch=500,
    )

    reference: str = Field(max_length=200, pattern=REFERENCE)
    entity_version: int = Field(ge=1)
    organization_id: UUID | None = None
    name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=320)
    phone: str | None = Field(default=None, max_length=32)
    locale: str | None = Field(default=None, max_length=35)
    time_zone: str | None = Field(default=None, max_length=64)
