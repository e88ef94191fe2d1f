"""As whom callers are written down in what they change."""

from typing import Final

from shared.runtime.auth.principal import Principal

_MAX_ACTOR: Final = 200


def actor(principal: Principal) -> str:
    """As whom a caller is written down."""
    return principal.id[:_MAX_ACTOR]
