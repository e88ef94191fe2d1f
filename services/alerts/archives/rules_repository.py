"""Which rows of this service go into files; docs/decisions/0015-what-is-archived.md says why these and no others."""

from typing import Final

from shared.runtime.archive.rules import Rule

RULES: Final = (
    Rule(
        table="evaluation_chunks",
        key=("run_id", "number"),
        when="old.finished_at",
        days=180,
        only="EXISTS (SELECT FROM evaluation_runs WHERE id = old.run_id AND evaluation_runs.finished_at < :before)",
        kept=("run_id", "number", "shipments", "raised", "started_at", "finished_at"),
    ),
    # The alert itself stays. Entries that are younger than the end of the alert stay with it, too.
    Rule(
        table="alert_timeline",
        key=("alert_id", "number"),
        when="old.at",
        days=400,
        only="EXISTS (SELECT FROM alerts WHERE id = old.alert_id AND resolved_at < :before)",
        kept=("alert_id", "number", "kind", "at", "actor", "until", "message_id"),
        left_out={"reason": "what somebody has written may name anybody"},
    ),
)
