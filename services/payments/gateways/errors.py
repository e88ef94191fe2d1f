"""What the gateways' noun says no with.

Forbidden (403)
└── ForgedWebhook              none of the account's secrets has signed it, or too long ago
NotFound (404)
└── GatewayAccountNotFound     there is none of this name, or it is another organization's
Conflict (409)
├── GatewayAccountActive       it takes payments, and cannot be forgotten
└── NoGateway                  nobody takes this organization's payments in this currency
Invalid (422)
├── GatewayAccountUnusable     its settings are not those of its gateway, or cannot be opened any more
└── UnreadableWebhook          it is signed, and no event that can be read
"""

from shared.runtime.errors import Conflict, Forbidden, Invalid, NotFound


class ForgedWebhook(Forbidden):
    """reason: for our counters, and never in the answer, because who sends it may be guessing."""

    code, title = "webhook_forged", "The call-back was not taken"

    def __init__(self, reason: str) -> None:
        super().__init__("its signature could not be verified; check the webhook's secret at the gateway and in the account")
        self.reason = reason


class UnreadableWebhook(Invalid):
    code, title = "webhook_unreadable", "The call-back cannot be read"


class GatewayAccountNotFound(NotFound):
    code, title = "gateway_account_not_found", "No such gateway account"


class GatewayAccountActive(Conflict):
    code, title = "gateway_account_active", "The gateway account takes payments"


class GatewayAccountUnusable(Invalid):
    code, title = "gateway_account_unusable", "The gateway account cannot be used"


class NoGateway(Conflict):
    code, title = "no_gateway", "Nobody takes payments in this currency"
