"""What is refused about API keys.

NotFound (404)
└── ApiKeyNotFound
Forbidden (403)
└── ScopeNotHeld
Invalid (422)
└── AlreadyExpired
"""

from shared.runtime.errors import Forbidden, Invalid, NotFound


class ApiKeyNotFound(NotFound):
    code, title = "api_key_not_found", "There is no such API key"


class ScopeNotHeld(Forbidden):
    code, title = "scope_not_held", "Nobody gives more than they have"


class AlreadyExpired(Invalid):
    code, title = "already_expired", "The key would have expired already"
