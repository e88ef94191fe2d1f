"""A page, row by row: what was understood, and what is put aside with its reason."""

import json
from typing import Any, Final

from services.analytics.sync_runs.connector import BadRow, Connector
from services.analytics.sync_runs.drift import plain, shape_of
from services.analytics.sync_runs.models import Bad, Item, Page, Reading, Unmapped

MOST_ROW_CHARS: Final = 4000


def read(connector: Connector, page: Page) -> Reading:
    """Of rows about the same the newest counts, of those as new the last."""
    newest: dict[str, Item] = {}
    bad: list[Bad] = []
    unmapped: Unmapped = {}
    for row in page.rows:
        try:
            item = connector.read(row, unmapped)
        except BadRow as error:
            bad.append(Bad(plain(error.key) if error.key is not None else None, error.reason[:500], _shown(row)))
            continue
        known = newest.get(item.key)
        if known is None or item.told_at >= known.told_at:
            newest[item.key] = item
    items = [newest[key] for key in sorted(newest)]
    repeated = len(page.rows) - len(bad) - len(items)
    return Reading(len(page.rows), items, bad, repeated, shape_of(page.rows), unmapped)


def _shown(row: Any) -> str:
    """The row as JSON, in ASCII: what it says in other letters, or no letters, is escaped."""
    return json.dumps(row)[:MOST_ROW_CHARS]
