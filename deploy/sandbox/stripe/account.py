"""How the stand-in of Stripe is set up."""

from pydantic import Field

from deploy.sandbox.gateways.account import GatewayAccount


class StripeAccount(GatewayAccount):
    """fee_bp: basis points, before a tax of 18 % on it. webhook_secrets: each signs, several while they are being changed."""

    account_id: str = "acct_WaybillSandbx01"
    api_version: str = "2025-09-30.clover"
    fee_bp: int = Field(200, ge=0, le=1000)
