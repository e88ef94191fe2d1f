"""What gateways' call-backs are refused with.

Forbidden (403)
└── ForgedWebhook         none of the account's secrets has signed it, or too long ago
Invalid (422)
└── UnreadableWebhook     it is signed, and no event that can be read
"""

from shared.runtime.errors import Forbidden, Invalid


class ForgedWebhook(Forbidden):
    """reason: for our counters, and never in the answer, because who sends it may be guessing."""

    code, title = "webhook_forged", "The call-back was not taken"

    def __init__(self, reason: str) -> None:
        super().__init__("its signature could not be verified; check the webhook's secret at the gateway and in the account")
        self.reason = reason


class UnreadableWebhook(Invalid):
    code, title = "webhook_unreadable", "The call-back cannot be read"
