"""What other services' APIs say no with.

NotFound (404)
└── NotKnown        the owner knows no such thing
Unavailable (503)
└── OwnerAway       it does not answer, or not in time
Conflict (409)
└── OwnerRefused    it will not, and says why

said: the owner's own problem document, where it sent one. Of a refusal its code, state and errors are passed on.
"""

from typing import Any

from shared.runtime.errors import Conflict, NotFound, Unavailable


class NotKnown(NotFound):
    code, title = "not_known", "The owner knows no such thing"


class OwnerAway(Unavailable):
    code, title = "owner_away", "The owning service does not answer"

    def __init__(self, detail: str, *, said: Any = None) -> None:
        super().__init__(detail)
        self.said = said


class OwnerRefused(Conflict):
    code, title = "owner_refused", "The owning service refuses"

    def __init__(self, detail: str, *, said: Any = None) -> None:
        problem = said if isinstance(said, dict) else {}
        told = {name: problem[name] for name in ("state", "errors") if problem.get(name)}
        super().__init__(detail, owner_code=problem.get("code"), **told)
        self.said = said
