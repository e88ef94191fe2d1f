"""A backup of all schemas is made, and brought back into a new database, table by table."""

from typing import Any, Final
from uuid import uuid4

from deploy.local.flows.analytics.story import REASON, Story
from shared.contracts.lanes import SERVICES

PATIENCE_S: Final = 240.0
_OVER: Final = ("verified", "failed", "passed")


async def are_made(story: Story) -> None:
    """One after the other, by the worker."""
    backup = await _make(story, "/v1/backups", "a backup of all schemas is made")
    schemas = sorted(one["name"] for one in backup.get("schemas", []))
    more = f"{backup['row_count'] or 0:,} rows, {(backup['size_bytes'] or 0) / 1e6:,.1f} MB"
    story.check("a backup of every schema is made and verified", (backup["state"], schemas), ("verified", sorted(SERVICES)), more)
    drill = await _make(story, "/v1/restore-drills", "it is brought back into a new database")
    found = (drill["state"], drill["backup_id"], drill["row_count"], drill["differences"])
    took = f"{drill['row_count'] or 0:,} rows in {drill['took_s'] or 0:.1f} s"
    story.check("it comes back whole, table by table", found, ("passed", backup["id"], backup["row_count"], []), took)
    story.counts["backups"] += 1


async def _make(story: Story, path: str, sentence: str) -> Any:
    """Ask for one, and wait until it is over."""
    headers = {"Idempotency-Key": str(uuid4())}
    answer = await story.analytics.ask("POST", path, json={"reason": REASON}, headers=headers)
    at = answer.raise_for_status().headers["Location"]
    return await story.watch(sentence, lambda: story.analytics.get(at), lambda one: one["state"] in _OVER, PATIENCE_S)
