"""Making gateways of accounts: connections, breakers, and the client of their kind."""

from services.payments.gateways.calls import CONNECTIONS, TIMING, GatewayCalls
from services.payments.gateways.razorpay import RazorpayAccount, RazorpayGateway
from services.payments.gateways.razorpay_facts import RAZORPAY
from services.payments.gateways.stripe import StripeAccount, StripeGateway
from services.payments.gateways.stripe_api import VERSION
from services.payments.gateways.stripe_facts import STRIPE
from shared.runtime.clock import Clock
from shared.runtime.outside.circuits import Circuits
from shared.runtime.outside.http_api import HttpApi

_AGENT = "waybill-payments"


def razorpay_gateway(account: RazorpayAccount, circuits: Circuits, clock: Clock, *, time_factor: float = 1.0) -> RazorpayGateway:
    """A client of the account. It belongs to one event loop."""
    api = HttpApi(
        account.url,
        _AGENT,
        connections=CONNECTIONS,
        auth=(account.key_id, account.key_secret),
        timing=TIMING,
        time_factor=time_factor,
    )
    return RazorpayGateway(account, GatewayCalls(RAZORPAY, account.name, api, circuits, clock), clock)


def stripe_gateway(account: StripeAccount, circuits: Circuits, clock: Clock, *, time_factor: float = 1.0) -> StripeGateway:
    """As razorpay_gateway."""
    headers = {"Authorization": f"Bearer {account.secret_key}", "Stripe-Version": VERSION}
    api = HttpApi(account.url, _AGENT, connections=CONNECTIONS, headers=headers, timing=TIMING, time_factor=time_factor)
    return StripeGateway(account, GatewayCalls(STRIPE, account.name, api, circuits, clock), clock)
