"""Outcomes of the sending beside those that every message has, and what they mean for a delivery."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from services.notifications.deliveries.decision import WAITS
from services.notifications.deliveries.errors import Refusal, Unreachable
from services.notifications.deliveries.models import DeliveryStatus
from services.notifications.deliveries.note_repository import Note, skipped
from services.notifications.deliveries.repository import DeliveryResult
from services.notifications.deliveries.taken_repository import Taken
from services.notifications.gates.gate import Obstacle, Stop
from shared.runtime.errors import Transient
from shared.runtime.outcomes import NOT_REACHED, Done, Failed, Outcome, Retry, Skipped

CANCELLED: Final = "cancelled"
STALE: Final = "valid_until has passed"
STALE_CODE: Final = "stale"
FINISHED: Final = "it was sent or dropped before"


@dataclass(frozen=True, slots=True)
class Cancelled(Skipped):
    """Pointless because it was cancelled, and when."""

    cancelled_at: datetime


@dataclass(frozen=True, slots=True)
class Reported(Done):
    """Sent by an attempt that got no answer, as the provider has reported since."""

    taken: Taken = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Stopped(Skipped):
    """Not to be sent, and the stable code of why."""

    code: str


@dataclass(frozen=True, slots=True)
class Held(Retry):
    """Not to be sent yet, until when, and the stable code of why. No try of it counts. occasion: as in Hold."""

    until: datetime | None = None
    code: str = ""
    occasion: str | None = None


def of_obstacle(obstacle: Obstacle, now: datetime) -> Outcome:
    """What follows from a gate's decision."""
    if isinstance(obstacle, Stop):
        return Stopped(obstacle.words, obstacle.reason)
    wait_s = max(1.0, (obstacle.until - now).total_seconds())
    until = obstacle.until if obstacle.occasion is None else None
    return Held(obstacle.words, wait_s, False, obstacle.reason, until, obstacle.reason, obstacle.occasion)


def of_refusal(refusal: Refusal) -> Outcome:
    """What follows where nothing can be said, or to nobody."""
    if isinstance(refusal, Transient):
        return Retry(refusal.detail, counts=False, error_class=refusal.code)
    reason = "bad_recipient" if isinstance(refusal, Unreachable) else "bad_content"
    return Failed(refusal.detail, reason=reason, error_class=reason)


def note_of(delivery_id: UUID, outcome: Outcome) -> Note | None:
    """The line of the timeline on a decision against sending: one for as long as it holds, however often it is made anew."""
    match outcome:
        case Held(until=until, code=code, occasion=occasion):
            words = outcome.error if until is None else f"{outcome.error}, until {until:%Y-%m-%d %H:%M} UTC"
            return Note(uuid5(delivery_id, f"held/{code}/{occasion or until}"), delivery_id, "held", code, words)
        case Stopped(words, code):
            return skipped(delivery_id, code, words)
        case Cancelled(words):
            return skipped(delivery_id, CANCELLED, words)
        case Skipped(words) if words == STALE:
            return skipped(delivery_id, STALE_CODE, words)
        case _:
            return None


class Standing(NamedTuple):
    """What an outcome depends on. was_called: whether a call was made. provider, segments, awaits_report: of that call."""

    delivery_id: UUID
    retries: int
    now: datetime
    was_called: bool
    provider: str | None = None
    segments: int | None = None
    awaits_report: bool = False


def result_of(standing: Standing, outcome: Outcome) -> DeliveryResult:
    """Where the delivery stands after an outcome."""
    key, retries, now = standing.delivery_id, standing.retries, standing.now
    match outcome:
        case Done():
            return DeliveryResult(
                key,
                DeliveryStatus.SENT,
                retries,
                now,
                None,
                provider=standing.provider,
                segments=standing.segments,
                waits=False,
                awaits_report=standing.awaits_report,
            )
        case Cancelled(words, cancelled_at):
            return DeliveryResult(key, DeliveryStatus.DROPPED, retries, now, words, cancelled_at, reason=CANCELLED)
        case Stopped(words, code):
            return DeliveryResult(key, DeliveryStatus.DROPPED, retries, now, words, reason=code)
        case Skipped(words):
            stale = STALE_CODE if words == STALE else None
            return DeliveryResult(key, DeliveryStatus.DROPPED, retries, now, words, reason=stale)
        case Failed():
            return DeliveryResult(key, DeliveryStatus.FAILED, retries, now, outcome.error[:500], reason=outcome.reason)
        case Held():
            return DeliveryResult(
                key,
                DeliveryStatus.QUEUED,
                retries,
                None,
                outcome.error[:500],
                was_called=False,
                reason=outcome.code,
                held_until=outcome.until,
                # Nights neither count for the day after which it is given up, nor begin that day anew.
                held_s=(outcome.until - now).total_seconds() if outcome.until is not None else outcome.after_s,
            )
        case Retry():
            # What the batch did not reach takes its turn at once, and has no error of its own.
            error, why = (outcome.error[:500], outcome.error_class) if outcome is not NOT_REACHED else (None, None)
            return DeliveryResult(
                key,
                DeliveryStatus.QUEUED,
                retries,
                None,
                error,
                was_called=standing.was_called,
                reason=why,
                waits=_waits(outcome),
                at=now,
            )


def _waits(outcome: Retry) -> bool | None:
    """Whether a try has met an account that takes nothing; None where it has met none."""
    if outcome is NOT_REACHED or outcome.error_class == "rate":
        return None
    return not outcome.counts and outcome.error_class in WAITS
