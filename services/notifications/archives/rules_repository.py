"""Which rows of this service go into files; docs/decisions/0015-what-is-archived.md says why these and no others.

They go some days before retention deletes them, and files name nobody: a person who is erased is in none.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.runtime.archive.rules import FLOOR_DAYS, Rule

AHEAD_DAYS: Final = 7
"""Before retention's day, so that a few nights without an archive lose nothing that should be in it."""

_WRITTEN: Final[Mapping[str, str]] = {"detail": "what a provider answers may name the address"}

_FINISHED: Final = """EXISTS (SELECT FROM deliveries
        WHERE deliveries.id = old.delivery_id AND deliveries.finished_at IS NOT NULL AND deliveries.created_at < :before)"""

_COSTS: Final = Rule(
    table="attempt_costs",
    key=("delivery_id", "number"),
    when="(SELECT started_at FROM delivery_attempts AS try WHERE try.delivery_id = old.delivery_id AND try.number = old.number)",
    days=400,
    only=_FINISHED,
    kept=("delivery_id", "number", "estimate", "estimate_currency", "price", "price_currency", "asks", "ask_at"),
)
_ATTEMPTS: Final = Rule(
    table="delivery_attempts",
    key=("delivery_id", "number"),
    when="old.started_at",
    days=400,
    only=_FINISHED
    + " AND NOT EXISTS (SELECT FROM attempt_costs AS cost WHERE cost.delivery_id = old.delivery_id AND cost.number = old.number)",
    kept=(
        "delivery_id",
        "number",
        "provider",
        "started_at",
        "finished_at",
        "outcome",
        "code",
        "enhanced_code",
        "latency_ms",
        "provider_message_id",
    ),
    left_out=_WRITTEN,
)
_EVENTS: Final = Rule(
    table="delivery_events",
    key=("id",),
    when="old.occurred_at",
    days=400,
    only=_FINISHED,
    kept=("id", "delivery_id", "kind", "occurred_at", "recorded_at", "provider", "provider_message_id", "code", "verdict"),
    left_out=_WRITTEN,
)
_DELIVERIES: Final = Rule(
    table="deliveries",
    key=("id",),
    when="old.created_at",
    days=400,
    only="""old.finished_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM delivery_attempts WHERE delivery_id = old.id)
            AND NOT EXISTS (SELECT FROM delivery_events WHERE delivery_id = old.id)""",
    kept=(
        "id",
        "organization_id",
        "channel",
        "category",
        "template_name",
        "template_version",
        "template_versions",
        "requester",
        "notice_id",
        "status",
        "reason",
        "receipt",
        "receipt_at",
        "provider",
        "segments",
        "retries",
        "attempts",
        "asked_at",
        "created_at",
        "finished_at",
        "cancelled_at",
    ),
    left_out={
        "to_address": "a person's",
        "to_person": "a person",
        "address_hash": "recognises a person",
        "subject": "what was written to a person",
        "subject_key": "what it is about may be a person",
        "dedupe_key": "the same",
        "message_id_header": "finds the mail in mailboxes",
        "error": "what a provider answers may name the address",
        **dict.fromkeys(("held_until", "waits_since", "awaits_report", "awaited_since", "unsent"), "of what waits"),
    },
)


def rules(delivery_retention_days: int) -> tuple[Rule, ...]:
    """By how long deliveries are kept. What belongs to others first: a delivery goes when it has no timeline any more."""
    days = max(delivery_retention_days - AHEAD_DAYS, FLOOR_DAYS)
    return tuple(replace(rule, days=days) for rule in (_COSTS, _ATTEMPTS, _EVENTS, _DELIVERIES))
