"""How the stand-in of Razorpay is set up."""

from pydantic import Field

from deploy.sandbox.gateways.account import GatewayAccount


class RazorpayAccount(GatewayAccount):
    """capture: what becomes of authorised payments whose order does not say. fee_bp: basis points, before GST of 18 %.

    own_notice_s: how long a charge waits for Razorpay's own notice where the order has none (36 h and 5 min with them).
    authentication_valid_s: how long a cardholder has to authenticate a charge above the bank's limit.
    webhook_secrets: the first one signs. Events that are on their way keep the one of their time.
    """

    account_id: str = "acc_WaybillSandbx0"
    capture: str = Field("manual", pattern=r"^(manual|automatic)$")
    own_notice_s: float = Field(2.0, ge=0, le=604_800)
    authentication_valid_s: float = Field(72 * 3600.0, ge=0, le=604_800)
    fee_bp: int = Field(200, ge=0, le=1000)
