"""Why a case cannot be shown or changed.

CaseNotFound  there is none of this id that the caller may see
CaseResolved  it is over, and opens again by itself where its cause comes back
"""

from shared.runtime.errors import Conflict, NotFound


class CaseNotFound(NotFound):
    code, title = "case_not_found", "No such case"


class CaseResolved(Conflict):
    code, title = "case_resolved", "The case is resolved"
