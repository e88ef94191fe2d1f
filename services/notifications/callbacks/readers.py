"""Proving whose a call-back is, and cutting it into events, for each provider that is set up."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from services.notifications.callbacks.bodies import bounce_mail_event, msg91_events, sendgrid_events, twilio_event
from services.notifications.callbacks.bounce_mail import named_delivery
from services.notifications.callbacks.errors import BounceMailRefused, CallbackNotSetUp, CallbackRefused
from services.notifications.callbacks.intake import Incoming
from services.notifications.callbacks.metrics import counting_refusals
from services.notifications.callbacks.signatures import SendGridSignature, TwilioSignature, check_secret
from services.notifications.callbacks.sns import SnsMessages
from services.notifications.callbacks.unsubscribe_mail import unsubscribed_delivery
from services.notifications.callbacks.verp import InboundAddresses


@dataclass(frozen=True, slots=True)
class CallbackReaders:
    """Of the installation, or of one organization's own account; what is None is not set up.

    twilio_url: where Twilio posts to, as it knows this API, whatever a proxy makes of it.
    """

    twilio_url: str
    sendgrid_signature: SendGridSignature | None = None
    sns_messages: SnsMessages | None = None
    twilio_signature: TwilioSignature | None = None
    msg91_secret: str | None = None
    bounce_secret: str | None = None
    inbound_addresses: InboundAddresses | None = None

    async def sendgrid(self, body: bytes, headers: Mapping[str, str]) -> list[Incoming]:
        """Raises CallbackNotSetUp, CallbackRefused and CallbackUnreadable, as the others do."""
        if self.sendgrid_signature is None:
            raise CallbackNotSetUp("SENDGRID_EVENT_KEY, or the account's event_key,")
        with counting_refusals("sendgrid"):
            signature = headers.get("x-twilio-email-event-webhook-signature")
            self.sendgrid_signature.check(body, signature, headers.get("x-twilio-email-event-webhook-timestamp"))
            return sendgrid_events(body)

    async def sns(self, body: bytes, headers: Mapping[str, str]) -> list[Incoming]:
        """Also raises CallbackNotCheckable. Confirms a subscription of one of our topics."""
        if self.sns_messages is None:
            raise CallbackNotSetUp("SNS_TOPIC_ARNS, or the account's topic_arn,")
        with counting_refusals("ses"):
            return await self.sns_messages.read(body, headers.get("x-amz-sns-message-type"))

    async def twilio(self, body: bytes, headers: Mapping[str, str], query: str) -> list[Incoming]:
        """query: as it stands in the URL."""
        if self.twilio_signature is None:
            raise CallbackNotSetUp("TWILIO_AUTH_TOKEN")
        with counting_refusals("twilio"):
            url = f"{self.twilio_url}{f'?{query}' if query else ''}"
            fields = self.twilio_signature.check(url, body, headers.get("x-twilio-signature"))
            return twilio_event(fields, body, dict(parse_qsl(query)))

    async def msg91(self, body: bytes, headers: Mapping[str, str], secret: str) -> list[Incoming]:
        """secret: as it stands in the path."""
        if self.msg91_secret is None:
            raise CallbackNotSetUp("MSG91_CALLBACK_SECRET, or the account's callback_secret,")
        with counting_refusals("msg91"):
            if not check_secret(secret, self.msg91_secret):
                raise CallbackRefused("bad_secret")
            return msg91_events(body, headers.get("content-type", ""))

    async def bounce_mail(self, body: bytes, headers: Mapping[str, str]) -> list[Incoming]:
        """Raises BounceMailRefused without our token, and CallbackRefused for an address of our form that we have not made."""
        if self.bounce_secret is None or self.inbound_addresses is None:
            raise CallbackNotSetUp("BOUNCE_SECRET, together with BOUNCE_ADDRESS,")
        with counting_refusals("bounce_mail"):
            scheme, _, token = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not check_secret(token.strip(), self.bounce_secret):
                raise BounceMailRefused("bad_secret")
            _, is_forged_bounce = named_delivery(body, self.inbound_addresses.bounces)
            _, is_forged_wish = unsubscribed_delivery(body, self.inbound_addresses.unsubscribes)
            if is_forged_bounce or is_forged_wish:
                raise CallbackRefused("forged_address")
            return bounce_mail_event(body)
