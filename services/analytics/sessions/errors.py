"""What is refused about logins and sessions.

Unauthenticated (401)
├── LoginRefused
└── RefreshRefused
Forbidden (403)
├── PasswordChangeDue
└── NoOperator
TooManyRequests (429)
└── LoginBlocked
NotFound (404)
└── SessionNotFound
"""

from shared.runtime.errors import Forbidden, NotFound, TooManyRequests, Unauthenticated


class LoginRefused(Unauthenticated):
    code, title = "login_refused", "Not let in"


class RefreshRefused(Unauthenticated):
    code, title = "refresh_refused", "The session does not go on"


class PasswordChangeDue(Forbidden):
    code, title = "password_change_due", "Choose a password first"


class NoOperator(Forbidden):
    code, title = "no_operator", "Only operators have sessions"


class LoginBlocked(TooManyRequests):
    code, title = "login_blocked", "Too many logins have failed"


class SessionNotFound(NotFound):
    code, title = "session_not_found", "There is no such session"
