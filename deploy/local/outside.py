"""The outside world of a stack on one machine: how notifications and payments reach the sandbox's providers, and they them.

Credentials of stand-ins guard nothing, so they are the same everywhere. What signs links and addresses is random all the same:
whoever tries out the public pages should see them as they are.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.addresses import Addresses
from deploy.local.home import Home
from deploy.sandbox.sendgrid.events import EventKey

_TWILIO_SID: Final = "AC" + "5a" * 16
_RAZORPAY_KEY_ID: Final = "rzp_test_WaybillSandbx0"
_TOPIC: Final = "arn:aws:sns:ap-south-1:000000000000:ses"
_MSG91_REPORTS: Final = "sandbox-msg91-reports"
_BOUNCES: Final = "bounce@bounces.example.com"
_MAIL_SERVER: Final = "sandbox-mail-server"


def notifications(home: Home, passwords: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """The settings of the notifications service that name other systems, or sign what leaves the house."""
    sandbox = addresses.url("sandbox")
    return {
        "EMAIL_PROVIDER": "smtp",
        "EMAIL_FALLBACK_PROVIDERS": "sendgrid,ses",
        "SMTP_HOST": addresses.host("sandbox-smtp"),
        "SMTP_PORT": str(addresses.ports["sandbox-smtp"]),
        "SMTP_FROM": "Waybill <waybill@example.com>",
        "SMTP_TLS": "none",
        "SENDGRID_API_KEY": "sandbox",
        "SENDGRID_URL": f"{sandbox}/sendgrid",
        "SENDGRID_EVENT_KEY": EventKey(_event_key_file(home)).public,
        "SES_REGION": "ap-south-1",
        "SES_ACCESS_KEY_ID": "sandbox",
        "SES_SECRET_ACCESS_KEY": "sandbox",
        "SES_URL": f"{sandbox}/ses",
        "SNS_TOPIC_ARNS": _TOPIC,
        "SNS_CERTIFICATE_URL": f"{sandbox}/ses",
        "SMS_PROVIDER": "twilio",
        "SMS_FALLBACK_PROVIDERS": "msg91",
        "TWILIO_ACCOUNT_SID": _TWILIO_SID,
        "TWILIO_AUTH_TOKEN": "sandbox",
        "TWILIO_PHONE_NUMBER": "+15005550006",
        "TWILIO_URL": f"{sandbox}/twilio",
        "MSG91_AUTH_KEY": "sandbox",
        "MSG91_SENDER_ID": "WAYBIL",
        "MSG91_URL": f"{sandbox}/msg91",
        "MSG91_CALLBACK_SECRET": _MSG91_REPORTS,
        "BACKEND_URL": addresses.url("notifications-api"),
        "FRONTEND_URL": "http://localhost:3000",
        "PAYMENTS_URL": addresses.url("payments-api"),
        "TRIPS_URL": addresses.url("trips-api"),
        "SIGNING_KEYS": f"local:{passwords['notifications.signing']}",
        "ADDRESS_HASH_KEY": passwords["notifications.address-hash"],
        "ENCRYPTION_KEYS": _encryption_key(passwords["notifications.encryption"]),
        # The sandbox's mail server is one, and organizations of the local stack may try it as theirs.
        "PRIVATE_MAIL_HOSTS": "true",
        "BOUNCE_ADDRESS": _BOUNCES,
        "BOUNCE_SECRET": _MAIL_SERVER,
    }


def payments(passwords: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    """The settings of the payments service that name other systems, or keep secrets of theirs."""
    sandbox = addresses.url("sandbox")
    return {
        "PAYMENT_GATEWAY": "razorpay",
        "PAYMENT_GATEWAYS_BY_CURRENCY": "USD=stripe,EUR=stripe",
        "RAZORPAY_KEY_ID": _RAZORPAY_KEY_ID,
        "RAZORPAY_KEY_SECRET": "sandbox",
        "RAZORPAY_WEBHOOK_SECRET": "sandbox",
        "RAZORPAY_BASE_URL": f"{sandbox}/razorpay",
        "STRIPE_SECRET_KEY": "sk_test_sandbox",
        "STRIPE_PUBLISHABLE_KEY": "pk_test_sandbox",
        "STRIPE_WEBHOOK_SECRET": "whsec_sandbox",
        "STRIPE_BASE_URL": f"{sandbox}/stripe",
        "BACKEND_URL": addresses.url("payments-api"),
        "ENCRYPTION_KEYS": _encryption_key(passwords["payments.encryption"]),
    }


def sandbox(home: Home, addresses: Addresses) -> dict[str, str]:
    """The settings of the sandbox that are about its callers."""
    payments_api = addresses.url("payments-api")
    return {
        "SANDBOX_CALLBACK_URL": addresses.url("notifications-api"),
        "SANDBOX_SENDGRID_EVENT_KEY_FILE": str(_event_key_file(home)),
        "SANDBOX_TWILIO_ACCOUNT_SID": _TWILIO_SID,
        "SANDBOX_MSG91_CALLBACK_SECRET": _MSG91_REPORTS,
        "SANDBOX_SNS_TOPIC_ARN": _TOPIC,
        "SANDBOX_BOUNCE_ADDRESS": _BOUNCES,
        "SANDBOX_BOUNCE_SECRET": _MAIL_SERVER,
        "SANDBOX_RAZORPAY_KEY_ID": _RAZORPAY_KEY_ID,
        "SANDBOX_RAZORPAY_WEBHOOK_URL": f"{payments_api}/v1/webhooks/razorpay",
        "SANDBOX_STRIPE_WEBHOOK_URL": f"{payments_api}/v1/webhooks/stripe",
    }


def access(passwords: Mapping[str, str]) -> dict[str, str]:
    """The settings of the analytics service under which it keeps the keys that sign operators' tokens."""
    return {"ENCRYPTION_KEYS": _encryption_key(passwords["analytics.encryption"])}


def _encryption_key(password: str) -> str:
    return f"local:{base64.b64encode(hashlib.sha256(password.encode()).digest()).decode()}"


def _event_key_file(home: Home) -> Path:
    return home.keys / "sendgrid-events.pem"
