"""The rules. What each looks at is in `looks.py`, what to do then in docs/runbooks/monitoring-alerts.md under the rule's name."""

from typing import Final

from services.analytics.monitoring_alerts.models import Rule

RULES: Final = (
    Rule("critical_task_failed", "critical", "A task on an urgent lane has failed for good in the last ten minutes"),
    Rule("backlog", "critical", "More messages wait for a lane than its workers keep up with", limit=1000, for_s=60, clear_s=60),
    Rule("worker_down", "critical", "A worker is not heard any more, and none has come in its place"),
    Rule("worker_stuck", "critical", "A worker is heard and gets nowhere", for_s=30),
    Rule("lane_without_workers", "critical", "No worker takes from a lane", for_s=60),
    Rule("component_down", "critical", "A service, the database, the broker or the collector is not well", for_s=60),
    Rule(
        "provider_down",
        "warning",
        "Calls to an outside provider have failed so often that it is left alone",
        for_s=30,
        clear_s=60,
    ),
    Rule("schedule_missed", "warning", "A scheduled task did not come when it should have", limit=60, clear_s=600),
    Rule("dead_letters", "warning", "Messages that nobody could carry out wait for a decision"),
    Rule("reconciliation_breaks", "warning", "Payments and gateways disagree, and a person has to look"),
    Rule("sync_failing", "warning", "A source outside could not be read in the last three runs", limit=3),
    Rule("backup_old", "critical", "The newest verified backup is older than one may be", limit=8 * 3600, for_s=900),
    Rule("backup_failed", "critical", "The last backup came to nothing"),
    Rule("cpu", "warning", "The processors of a machine have hardly any time left", limit=0.9, for_s=300, clear_s=120),
    Rule("memory", "warning", "A machine has hardly any memory left", limit=0.9, for_s=120, clear_s=120),
    Rule("disk", "critical", "A disk with backups, archives or data on it is almost full", limit=0.85, for_s=60, clear_s=120),
)

BY_NAME: Final = {rule.name: rule for rule in RULES}
URGENT_RANK: Final = 8
"""Lanes of this rank and above are urgent: what fails there matters in minutes."""
