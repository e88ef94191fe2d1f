"""What is refused about signing keys.

Unavailable (503)
└── LoginsNotSetUp
NotFound (404)
└── SigningKeyNotFound
"""

from shared.runtime.errors import NotFound, Unavailable


class LoginsNotSetUp(Unavailable):
    code, title = "logins_not_set_up", "Nobody can log in yet"


class SigningKeyNotFound(NotFound):
    code, title = "signing_key_not_found", "There is no such signing key"
