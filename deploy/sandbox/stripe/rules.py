"""Stripe's fault rules: those of gateways, as far as they make sense there."""

from typing import Final

from pydantic import model_validator

from deploy.sandbox.gateways.rules import GatewayRule

_NONE: Final = ("late_authorisation", "notice_failed")
_NO_DRIFT: Final = ("duplicate_capture", "on_hold")


class StripeRule(GatewayRule):
    """As with every gateway. What Stripe declines it has decided: there is no late authorisation, and no notice of a debit."""

    @model_validator(mode="after")
    def _is_stripes(self) -> "StripeRule":
        if self.action in _NONE:
            raise ValueError(f"{self.action} does not happen at Stripe")
        if self.drift in _NO_DRIFT:
            raise ValueError(f"{self.drift} cannot be seen in Stripe's balance")
        return self
