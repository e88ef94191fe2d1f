"""What a message is: a frozen model that carries its own address.

    Message
    ├── Command   asks one service to do one thing: `payments.generate_invoice`
    └── Event     says what happened, to every lane that subscribes: `trips.trip_completed`

Messages carry ids and small facts. Contracts only grow: a new field has a default, unknown fields
are ignored by consumers, and a changed meaning is a new name.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.lanes import SERVICES, Lane
from shared.contracts.retry import RetryPolicy

MAX_BODY_BYTES: Final = 64 * 1024
MAX_BATCH_BYTES: Final = 256 * 1024
_NAME = re.compile(r"^([a-z]+)\.[a-z]+(_[a-z0-9]+)+$")


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside the years 1 to 9999 in UTC") from None


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""An aware time, kept in UTC. A naive one is refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """That a contract answers: what comes back, and how long the answer can be fetched.

    keep_s: seconds for which `AsyncResult(id)` finds the answer.
    cache_s: seconds for which the same payload is answered again without running the handler.
    """

    keep_s: int = 24 * 3600
    cache_s: int = 0


@dataclass(frozen=True, slots=True)
class Contract:
    """The address and the delivery rules of a message type.

    lanes: for a command the lanes it may travel on, the first being the default; for an event the
    lanes that subscribe.
    max_batch: how many messages of this type may share one delivery, 1 to 500.
    """

    name: str
    lanes: tuple[Lane, ...]
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_batch: int = 100
    answer: Answer | None = None

    def __post_init__(self) -> None:
        match = _NAME.match(self.name)
        if match is None or match[1] not in SERVICES:
            raise ValueError(f"{self.name!r} is not a message name: use <service>.<verb>_<noun>, service one of {SERVICES}")
        if not 1 <= self.max_batch <= 500:
            raise ValueError(f"{self.name}: max_batch is {self.max_batch}, it must be 1 to 500")
        if self.answer is not None and self.max_batch != 1:
            raise ValueError(f"{self.name} answers, so its max_batch must be 1")

    @property
    def owner(self) -> str:
        return self.name.partition(".")[0]


class Message(BaseModel):
    """Base of all messages; subclass Command or Event and set `contract`."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_timedelta="float")
    contract: ClassVar[Contract]


class Command(Message):
    """Asks the contract's owner to do something. One consumer."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        contract = cls.__dict__.get("contract")
        if contract is not None and {lane.owner for lane in contract.lanes} != {contract.owner}:
            raise ValueError(f"{contract.name} is a command: its lanes must belong to {contract.owner}")


class Event(Message):
    """Says what happened at the contract's owner. Any number of subscribing lanes."""


class Send(Command):
    """A command that reaches a person, so it can become pointless before it is carried out.

    valid_until: after this moment the message is dropped instead of sent.
    subject_key: what the message is about (`alerts.alert:…`); `notifications.cancel_messages` names it.
    retry: overrides the contract's retry policy.
    """

    valid_until: UtcDatetime | None = None
    subject_key: str | None = Field(default=None, max_length=200)
    retry: RetryPolicy | None = None
