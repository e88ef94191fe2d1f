"""Settings of older Celery deployments that Waybill does not take over, and why.

An environment file carried over from an older system may still name them. A value that would be
silently ignored is worse than a refused start, so each is refused with its reason and with what to do
instead. `docs/coming-from/settings.md` has a row for every name here; tests/docs compares the two.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Fixed(NamedTuple):
    """A setting with one meaning in Waybill: naming that meaning is fine, anything else is refused.

    accepted: the values that agree, in lower case and without brackets or quotes.
    reason: completes the sentence "<NAME> is refused: …".
    """

    accepted: tuple[str, ...]
    reason: str


_TRUE: Final = ("true", "1", "yes", "on")
_FALSE: Final = ("false", "0", "no", "off")
_RETRY_POLICY: Final = (
    "each message has its own retry policy, in its contract under shared/contracts/, and Celery never read this name; "
    "remove it, and pass `retry` with a send whose message has that field"
)
_COMPRESSION: Final = (
    "messages travel uncompressed, because a body is at most 64 KB and a small compressed one can unpack to any size; "
    "remove it, and send an id in place of a large body"
)

REFUSED: Final[dict[str, str]] = {
    "CELERY_TASK_TIME_LIMIT": (
        "each lane declares its hard limit (hard_limit_s in shared/contracts/lanes.py), and one limit for all would cut off "
        "the long lanes or let the short ones hang; remove it, and change the lane"
    ),
    "CELERY_TASK_SOFT_TIME_LIMIT": (
        "a soft limit ends the task but not its coroutine, which would finish its effect inside a later task; "
        "remove it, and use asyncio.timeout() in the handler: the lane's hard limit is the backstop"
    ),
    "CELERY_TASK_MAX_RETRIES": _RETRY_POLICY,
    "CELERY_TASK_DEFAULT_RETRY_DELAY": _RETRY_POLICY,
    "CELERY_TASK_COMPRESSION": _COMPRESSION,
    "CELERY_RESULT_COMPRESSION": _COMPRESSION,
    "CELERY_RESULT_EXPIRES": (
        "each contract that answers says how long its answer is kept (answer.keep_s, one day unless it says otherwise); "
        "remove it, and change the contract"
    ),
    "CELERY_WORKER_MAX_TASKS_PER_CHILD": (
        "a delivery carries up to 500 messages here, so a figure from another system means something else; "
        "remove it, and start the worker with --max-tasks-per-child"
    ),
    "CELERY_TASK_ROUTES": (
        "a message's contract names its lanes, in shared/contracts/; remove it, and pass `lane` to publish() where one message "
        "has several lanes"
    ),
    "CELERY_BEAT_SCHEDULE": (
        "each service declares its schedule in services/<name>/schedules.py; remove it, and add the entry there"
    ),
    "CELERY_BEAT_SCHEDULER": (
        "the schedule's state and its overrides are rows in the service's own schema, without django_celery_beat; "
        "remove it, and start `celery -A services.<name>.worker beat` without --scheduler"
    ),
}
"""Refused whatever the value: the name in the environment, and what completes "<NAME> is refused: …"."""

FIXED: Final[dict[str, Fixed]] = {
    "CELERY_TASK_SERIALIZER": Fixed(("json",), "messages are JSON and nothing else is accepted; set json or remove it"),
    "CELERY_RESULT_SERIALIZER": Fixed(("json",), "answers are JSON; set json or remove it"),
    "CELERY_ACCEPT_CONTENT": Fixed(
        ("json", "application/json"), "workers accept JSON alone, a pickle could run code in them; set json or remove it"
    ),
    "CELERY_TIMEZONE": Fixed(
        ("utc",), "times are in UTC; set UTC or remove it: a schedule's entry that follows local time names its own time zone"
    ),
    "CELERY_ENABLE_UTC": Fixed(_TRUE, "times are in UTC; set true or remove it"),
    "CELERY_WORKER_PREFETCH_MULTIPLIER": Fixed(
        ("1",),
        "a child holds the one delivery that it works on, so that a lane's length is true and a killed worker holds nothing "
        "back; set 1 or remove it: the relay makes deliveries larger by itself when load grows",
    ),
    "CELERY_BROKER_CONNECTION_RETRY": Fixed(_TRUE, "a process waits for its broker and never gives up; set true or remove it"),
    "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": Fixed(
        _TRUE, "a process waits for its broker at start too; set true or remove it"
    ),
    "CELERY_TASK_ALWAYS_EAGER": Fixed(
        _FALSE,
        "it would run handlers in the sender's process, without the outbox that survives a crash; "
        "set false or remove it, and in a test use .apply() or app.conf.task_always_eager",
    ),
}
"""Refused unless the value is what Waybill does anyway."""


def refuse_legacy(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each setting in `environ` that Waybill refuses, by name; empty when there is none.

    Names are compared without case and an empty value counts as unset, as everywhere in the settings.
    Sentences never quote a value.
    """
    given = {name.upper(): value for name, value in environ.items() if value.strip()}
    reasons = {name: reason for name, reason in REFUSED.items() if name in given}
    reasons |= {
        name: fixed.reason for name, fixed in FIXED.items() if name in given and _plain(given[name]) not in fixed.accepted
    }
    return [f"{name} is refused: {reasons[name]}" for name in sorted(reasons)]


def _plain(value: str) -> str:
    # Files written for other frameworks give one-element lists in several notations: json, ["json"], ('json',).
    return value.strip(" []()'\",").lower()
