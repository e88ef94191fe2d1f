"""What the providers say no with.

NotFound (404)
├── AccountNotFound       there is none of this name, or it is another organization's
└── RouteNotFound         the organization sends by the defaults
Invalid (422)
└── AccountUnusable       the settings of an account are not those of its kind
"""

from shared.runtime.errors import Invalid, NotFound


class AccountNotFound(NotFound):
    code, title = "provider_account_not_found", "No such provider account"


class RouteNotFound(NotFound):
    code, title = "provider_route_not_found", "No route of its own"


class AccountUnusable(Invalid):
    code, title = "provider_account_unusable", "The provider account cannot be used"
