"""What became of a message: done, dropped, to be tried again, or failed."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from shared.runtime.errors import Dropped, Permanent, ServiceError, Transient
from shared.runtime.redaction import redact_text

MAX_ERROR_CHARS: Final = 2000
OUT_OF_TIME: Final = "the time limit of the attempt was reached"


@dataclass(frozen=True, slots=True)
class Done:
    """Carried out. `result` is what a contract that answers gives back: JSON values.

    keeps_body: it may turn out that it was not, and then `store.reopen` has it carried out again. What will not be is told to
    `store.forget`.
    """

    result: Any = None
    keeps_body: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Skipped:
    """Pointless by now; the message is done with."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not yet. after_s: a lower bound on the wait, or the wait itself where it does not count as a try."""

    error: str
    after_s: float = 0.0
    counts: bool = True
    error_class: str = "Transient"


@dataclass(frozen=True, slots=True)
class Failed:
    """Final. reason: a dead letter's reason code."""

    error: str
    reason: str = "permanent_error"
    error_class: str = "Permanent"


Outcome = Done | Skipped | Retry | Failed

NOT_REACHED: Final = Retry("the batch's time was used up before its turn", after_s=0.0, counts=False, error_class="BatchBudget")
"""Of work that was claimed for a call which its batch came too late for. No call was made."""


class HandlerError(Exception):
    """A handler's own time limit, file or socket failed; its cause is the error. It says nothing about the database."""


@contextmanager
def own_errors() -> Iterator[None]:
    """Around a handler's code: its OSErrors are told from those that mean a database that is away."""
    try:
        yield
    except OSError as error:
        raise HandlerError from error


def outcome_of(error: BaseException) -> Outcome:
    """The outcome of an exception that a handler raised. What nobody classified may heal, and is tried again."""
    if isinstance(error, HandlerError) and error.__cause__ is not None:
        error = error.__cause__
    name = type(error).__name__
    text = _short(error)
    match error:
        case Dropped():
            return Skipped(text)
        case Transient():
            return Retry(text, after_s=error.retry_after_s, error_class=name)
        case Permanent() | ServiceError():
            return Failed(text, error_class=name)
        case TimeoutError():
            return Retry(OUT_OF_TIME, error_class=name)
        case _:
            return Retry(text, error_class=name)


def fingerprint(reason: str, name: str | None, error_class: str | None, error: str | None) -> str:
    """Groups letters that died of the same cause: numbers, ids and quoted values do not count."""
    shape = re.sub(r"'[^']*'|\"[^\"]*\"|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "#", error or "")
    return hashlib.sha256("\n".join((reason, name or "", error_class or "", shape)).encode()).hexdigest()[:16]


def _short(error: BaseException) -> str:
    # SQLAlchemy appends the statement and its parameters, which may hold personal data, after the first line.
    first = str(getattr(error, "orig", None) or error).strip().splitlines()[:1]
    return redact_text(first[0] if first else type(error).__name__).replace("\x00", "")[:MAX_ERROR_CHARS]
