"""The documented shape of a request to each provider, for one delivery: claims, and whether each holds.

SendGrid: sendgrid-oai, tsg_mail_v3. SES: botocore, sesv2/2019-09-27, SendEmail. Twilio: api/message-resource. MSG91: api/v5/flow.
SMTP: RFC 5321 and RFC 5322, with a bounce address for each delivery (VERP). environment: the settings of notifications.
"""

import base64
import email
import email.policy
import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import urlencode

Facts = Mapping[str, bool]
Request = Mapping[str, Any]

_SENDGRID_FIELDS: Final = {"personalizations", "from", "content", "tracking_settings", "attachments"}
_TWILIO_FIELDS: Final = {"To", "From", "Body", "StatusCallback", "ValidityPeriod"}
_MSG91_FIELDS: Final = {"template_id", "short_url", "realTimeResponse", "sender", "mobiles", "CRQID"}
_SES_FIELDS: Final = {"FromEmailAddress", "Destination", "Content", "EmailTags", "ConfigurationSetName"}


def smtp(mail: Request, delivery: Request, environment: Mapping[str, str]) -> Facts:
    """mail: as the mailbox shows it, with its envelope."""
    headers = {header["name"].lower(): header["value"] for header in mail["headers"]}
    local, _, domain = environment["BOUNCE_ADDRESS"].partition("@")
    bounce = rf"{re.escape(local)}\+{delivery['id'].replace('-', '')}\.[0-9a-f]{{10}}@{re.escape(domain)}"
    return {
        "MAIL FROM is its own bounce address": re.fullmatch(bounce, mail["envelope"]["mail_from"]) is not None,
        "RCPT TO is the recipient": mail["envelope"]["rcpt_to"] == [delivery["to_address"].lower()],
        "Message-ID": headers.get("message-id") == delivery["message_id_header"],
        "From": parseaddr(headers.get("from", ""))[1] == _sender(environment),
        "To": parseaddr(headers.get("to", ""))[1] == delivery["to_address"],
        "Subject": headers.get("subject") == delivery["subject"],
        "Date, MIME-Version, Auto-Submitted": {"date", "mime-version", "auto-submitted"} <= headers.keys(),
        "a text part and no defects": bool(mail["text"]) and not mail["defects"],
    }


def sendgrid(head: Request, body: Request, delivery: Request, environment: Mapping[str, str]) -> Facts:
    """head: path and headers."""
    own = personalization(body, delivery) or {}
    return {
        "POST /v3/mail/send": head["request"] == "POST /sendgrid/v3/mail/send",
        "Content-Type is JSON": head["headers"].get("content-type") == "application/json",
        "documented fields only": {"personalizations", "from", "content"} <= body.keys() <= _SENDGRID_FIELDS,
        "from": body["from"]["email"] == _sender(environment),
        "1 to 1,000 personalizations": 1 <= len(body["personalizations"]) <= 1000,
        "personalizations.custom_args.ref is the delivery": bool(own),
        "personalizations.to": [one["email"] for one in own.get("to", [])] == [delivery["to_address"]],
        "personalizations.subject": own.get("subject") == delivery["subject"],
        "personalizations.headers.Message-ID": own.get("headers", {}).get("Message-ID") == delivery["message_id_header"],
        "content: text/plain before text/html": [part["type"] for part in body["content"]]
        in (["text/plain"], ["text/plain", "text/html"]),
    }


def personalization(body: Request, delivery: Request) -> dict[str, Any] | None:
    """The delivery's own part of a request to SendGrid, which may be for many."""
    parts: list[dict[str, Any]] = body["personalizations"]
    return next((one for one in parts if one.get("custom_args", {}).get("ref") == delivery["id"]), None)


def ses(head: Request, body: Request, delivery: Request, environment: Mapping[str, str]) -> Facts:
    """head: path and headers, without the signature, which the stand-in has checked and keeps to itself."""
    message = _parsed(body["Content"]["Raw"]["Data"])
    return {
        "POST /v2/email/outbound-emails": head["request"] == "POST /ses/v2/email/outbound-emails",
        "X-Amz-Date is signed": re.fullmatch(r"\d{8}T\d{6}Z", head["headers"].get("x-amz-date", "")) is not None,
        "documented fields only": {"FromEmailAddress", "Destination", "Content"} <= body.keys() <= _SES_FIELDS,
        "FromEmailAddress": body["FromEmailAddress"] == _sender(environment),
        "Destination.ToAddresses": body["Destination"] == {"ToAddresses": [delivery["to_address"]]},
        "EmailTags has the delivery": body["EmailTags"] == [{"Name": "ref", "Value": delivery["id"]}],
        "Content.Raw has the Message-ID": message["Message-ID"] == delivery["message_id_header"],
        "Content.Raw has the Subject": message["Subject"] == delivery["subject"],
        "Content.Raw has a text": message.get_body(("plain",)) is not None,
    }


def twilio(sms: Request, delivery: Request, environment: Mapping[str, str]) -> Facts:
    """sms: as the sandbox shows it, `request` being the form's fields."""
    form = sms["request"]
    callback = f"{environment['BACKEND_URL']}/v1/callbacks/twilio?{urlencode({'ref': delivery['id']})}"
    return {
        "documented fields only": {"To", "From", "Body", "StatusCallback"} <= form.keys() <= _TWILIO_FIELDS,
        "To in E.164": form["To"] == delivery["to_address"] and form["To"].startswith("+"),
        "From is our number": form["From"] == environment["TWILIO_PHONE_NUMBER"],
        "1 to 1,600 characters of Body": 1 <= len(form["Body"]) <= 1600,
        "StatusCallback names the delivery": form["StatusCallback"] == callback,
        "segments are counted as Twilio counts them": sms["segments"] == delivery["segments"],
    }


def msg91(sms: Request, delivery: Request, environment: Mapping[str, str]) -> Facts:
    """sms: as the sandbox shows it, `request` being the body's fields and those of its one recipient."""
    body = sms["request"]
    attempts = len(delivery["timeline"])
    variables = {name: value for name, value in body.items() if name not in _MSG91_FIELDS}
    return {
        "template_id": body["template_id"].startswith("demo-"),
        "sender is the registered header": body["sender"] == environment["MSG91_SENDER_ID"],
        "mobiles without a plus": f"+{body['mobiles']}" == delivery["to_address"],
        "CRQID is the attempt": body["CRQID"] == f"{delivery['id'].replace('-', '')}.{attempts}",
        "short_url and realTimeResponse": (body["short_url"], body["realTimeResponse"]) == ("0", "1"),
        "variables of 1 to 30 characters": bool(variables) and all(1 <= len(value) <= 30 for value in variables.values()),
    }


def _sender(environment: Mapping[str, str]) -> str:
    return parseaddr(environment["SMTP_FROM"])[1]


def _parsed(data: str) -> EmailMessage:
    return email.message_from_bytes(base64.b64decode(data, validate=True), policy=email.policy.default)
