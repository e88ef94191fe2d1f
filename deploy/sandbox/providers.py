"""The list of providers. A new one is a line here and a folder beside this file."""

from deploy.sandbox.carrier.provider import CarrierProvider
from deploy.sandbox.msg91.provider import Msg91Provider
from deploy.sandbox.provider import Core, Provider
from deploy.sandbox.razorpay.provider import RazorpayProvider
from deploy.sandbox.sendgrid.provider import SendGridProvider
from deploy.sandbox.ses.provider import SesProvider
from deploy.sandbox.smtp.provider import SmtpProvider
from deploy.sandbox.stripe.provider import StripeProvider
from deploy.sandbox.twilio.provider import TwilioProvider


def build(core: Core) -> tuple[Provider, ...]:
    """All providers on one core."""
    # Routes are tried in this order, and only the gateways are asked a thousand times a second.
    return (
        RazorpayProvider(core),
        StripeProvider(core),
        SmtpProvider(core),
        SendGridProvider(core),
        SesProvider(core),
        TwilioProvider(core),
        Msg91Provider(core),
        CarrierProvider(core),
    )
