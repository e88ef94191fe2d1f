"""Why a run cannot be shown.

RunNotFound  there is none of this id that the caller may see
"""

from shared.runtime.errors import NotFound


class RunNotFound(NotFound):
    code, title = "reconciliation_run_not_found", "No such run"
