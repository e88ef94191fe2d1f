"""What is refused about operators.

NotFound (404)
└── OperatorNotFound
Conflict (409)
├── EmailTaken
└── LastAdministrator
Invalid (422)
└── WeakPassword
"""

from shared.runtime.errors import Conflict, Invalid, NotFound


class OperatorNotFound(NotFound):
    code, title = "operator_not_found", "There is no such operator"


class EmailTaken(Conflict):
    code, title = "email_taken", "Another operator has this e-mail address"


class LastAdministrator(Conflict):
    code, title = "last_administrator", "There would be no administrator left"


class WeakPassword(Invalid):
    code, title = "weak_password", "The password is too easy to guess"
