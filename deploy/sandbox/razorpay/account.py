"""How the stand-in of Razorpay is set up."""

from pydantic import Field

from deploy.sandbox.gateways.account import GatewayAccount


class RazorpayAccount(GatewayAccount):
    """capture: what becomes of authorised payments whose order does not say. fee_bp: basis points, before GST of 18 %.

    webhook_secrets: the first one signs. Events that are on their way keep the one of their time.
    """

    account_id: str = "acc_WaybillSandbx0"
    capture: str = Field("manual", pattern=r"^(manual|automatic)$")
    fee_bp: int = Field(200, ge=0, le=1000)
