"""Which rows of this service go into files; docs/decisions/0015-what-is-archived.md says why these and no others.

Days of events are archived as they are dropped: rollups/tending.py.
"""

from typing import Final

from shared.runtime.archive.rules import Rule

RULES: Final = (
    # Seven days before monitoring_alerts/raising.py forgets them.
    Rule(
        table="monitoring_alerts",
        key=("id",),
        when="old.resolved_at",
        days=83,
        only="state = 'resolved'",
        kept=(
            "id",
            "source",
            "rule",
            "subject",
            "severity",
            "state",
            "summary",
            "figure",
            "runbook_url",
            "since",
            "seen_at",
            "fired_at",
            "told_at",
            "resolved_at",
            "told_resolved_at",
            "acknowledged_at",
        ),
        left_out={
            "labels": "Alertmanager's may say anything",
            "acknowledged_by": "an operator",
            "note": "what somebody has written may name anybody",
        },
    ),
)
