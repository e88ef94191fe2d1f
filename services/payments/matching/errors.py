"""What is refused about matching.

NotFound (404)
├── OrderNotFound
├── RunNotFound
└── ExplanationNotFound
Invalid (422)
└── NothingToMatch
Conflict (409)
└── PolicyChanged
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class OrderNotFound(NotFound):
    code, title = "order_not_found", "No such order"


class RunNotFound(NotFound):
    code, title = "match_run_not_found", "No such run"


class ExplanationNotFound(NotFound):
    code, title = "explanation_not_found", "Nothing was decided about the order"


class NothingToMatch(Invalid):
    code, title = "nothing_to_match", "Nothing of the order is made"


class PolicyChanged(Conflict):
    code, title = "policy_changed", "Somebody else has published a policy"
