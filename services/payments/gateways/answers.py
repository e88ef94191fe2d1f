"""How a call of a gateway can end.

Answered     the gateway did it, or told it; `fact` is what it said
Declined     the gateway, or a bank behind it, said no to this payment
Refused      our request was wrong, or the gateway has no such call; nothing was done, and repeating it changes nothing
Unknown      it may have been done: ask what became of it, never repeat it blindly
Unavailable  it was certainly not done, and may be tried again
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from services.payments.gateways.declines import Decline
from services.payments.gateways.facts import PaymentFact

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Refusal(StrEnum):
    """not_found: the gateway does not know this id. state: not in the state that it is in (already captured, paid, refunded):
    ask for it anew. invalid: the request is wrong. setup: key, account or its features are. unsupported: this gateway has no
    such thing."""

    NOT_FOUND = "not_found"
    STATE = "state"
    INVALID = "invalid"
    SETUP = "setup"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Answered(Generic[T_co]):
    fact: T_co


@dataclass(frozen=True, slots=True)
class Declined:
    """fact: the failed payment, where the gateway made one."""

    decline: Decline
    fact: PaymentFact | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """detail: at most 300 characters, without personal data. code: the gateway's own, where it has one."""

    why: Refusal
    detail: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """retry_after_s: the least to wait before asking; 0.0 where the gateway names nothing."""

    detail: str
    retry_after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Unavailable:
    """retry_after_s: the least to wait before the next try; 0.0 where nobody names a time."""

    detail: str
    retry_after_s: float = 0.0


Failure: TypeAlias = Refused | Unknown | Unavailable
"""What can happen to every call."""

Answer: TypeAlias = Answered[T] | Declined | Refused | Unknown | Unavailable
"""Declined comes from `charge` and `capture` alone; look-ups are never Unknown, because asking does nothing."""
