"""What the demonstration demands of a request to each provider: a good one passes, and each claim bites."""

import base64
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import pytest

from deploy.local.flows.notifications import request_shapes as shapes

DELIVERY: Final[dict[str, Any]] = {
    "id": "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a",
    "to_address": "Ann@example.com",
    "subject": "Hello",
    "message_id_header": "<019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a@example.com>",
    "segments": 1,
    "timeline": [{"number": 1}],
}
SMS: Final = {**DELIVERY, "to_address": "+919812345678"}
ENVIRONMENT: Final = {
    "SMTP_FROM": "Waybill <waybill@example.com>",
    "BOUNCE_ADDRESS": "bounce@bounces.example.com",
    "BACKEND_URL": "http://127.0.0.1:8002",
    "TWILIO_PHONE_NUMBER": "+15005550006",
    "MSG91_SENDER_ID": "WAYBIL",
}
MIME: Final = (
    f"Message-ID: {DELIVERY['message_id_header']}\r\nSubject: Hello\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello.\r\n"
)

MAIL: Final[dict[str, Any]] = {
    "envelope": {
        "mail_from": "bounce+019a9f5f11007aa08c3d6f7e8d9c0b1a.0123456789@bounces.example.com",
        "rcpt_to": ["ann@example.com"],
    },
    "headers": [
        {"name": name, "value": value}
        for name, value in {
            "Message-ID": DELIVERY["message_id_header"],
            "From": "Waybill <waybill@example.com>",
            "To": "Ann <Ann@example.com>",
            "Subject": "Hello",
            "Date": "Fri, 20 Nov 2026 06:00:00 +0000",
            "MIME-Version": "1.0",
            "Auto-Submitted": "auto-generated",
        }.items()
    ],
    "text": "Hello.",
    "defects": [],
}
SENDGRID: Final[dict[str, Any]] = {
    "head": {"request": "POST /sendgrid/v3/mail/send", "headers": {"content-type": "application/json"}},
    "body": {
        "personalizations": [
            {
                "to": [{"email": "Ann@example.com"}],
                "subject": "Hello",
                "headers": {"Message-ID": DELIVERY["message_id_header"]},
                "custom_args": {"ref": DELIVERY["id"]},
            }
        ],
        "from": {"email": "waybill@example.com"},
        "content": [{"type": "text/plain", "value": "Hello."}],
    },
}
SES: Final[dict[str, Any]] = {
    "head": {"request": "POST /ses/v2/email/outbound-emails", "headers": {"x-amz-date": "20261120T060000Z"}},
    "body": {
        "FromEmailAddress": "waybill@example.com",
        "Destination": {"ToAddresses": ["Ann@example.com"]},
        "Content": {"Raw": {"Data": base64.b64encode(MIME.encode()).decode()}},
        "EmailTags": [{"Name": "ref", "Value": DELIVERY["id"]}],
    },
}
TWILIO: Final[dict[str, Any]] = {
    "segments": 1,
    "request": {
        "To": "+919812345678",
        "From": "+15005550006",
        "Body": "Hello.",
        "StatusCallback": f"http://127.0.0.1:8002/v1/callbacks/twilio?ref={DELIVERY['id']}",
    },
}
MSG91: Final[dict[str, Any]] = {
    "request": {
        "template_id": "demo-code",
        "sender": "WAYBIL",
        "mobiles": "919812345678",
        "CRQID": "019a9f5f11007aa08c3d6f7e8d9c0b1a.1",
        "short_url": "0",
        "realTimeResponse": "1",
        "code": "480213",
    }
}
SAMPLES: Final = {"smtp": MAIL, "sendgrid": SENDGRID, "ses": SES, "twilio": TWILIO, "msg91": MSG91}


def wrong(kind: str, sample: Mapping[str, Any]) -> list[str]:
    """The claims that do not hold of a request."""
    judge = {
        "smtp": lambda: shapes.smtp(sample, DELIVERY, ENVIRONMENT),
        "sendgrid": lambda: shapes.sendgrid(sample["head"], sample["body"], DELIVERY, ENVIRONMENT),
        "ses": lambda: shapes.ses(sample["head"], sample["body"], DELIVERY, ENVIRONMENT),
        "twilio": lambda: shapes.twilio(sample, SMS, ENVIRONMENT),
        "msg91": lambda: shapes.msg91(sample, SMS, ENVIRONMENT),
    }
    return [claim for claim, holds in judge[kind]().items() if not holds]


@pytest.mark.parametrize("kind", SAMPLES)
def test_request_as_it_is_documented_has_nothing_wrong(kind: str) -> None:
    assert wrong(kind, SAMPLES[kind]) == []


CHANGES: Final = [
    ("smtp", ("envelope", "mail_from"), "waybill@example.com", "MAIL FROM is its own bounce address"),
    ("smtp", ("envelope", "rcpt_to"), ["ann@example.com", "bob@example.com"], "RCPT TO is the recipient"),
    ("smtp", ("headers", 0, "value"), "<other@example.com>", "Message-ID"),
    ("smtp", ("headers", 6, "name"), "X-Other", "Date, MIME-Version, Auto-Submitted"),
    ("smtp", ("defects",), ["a bad boundary"], "a text part and no defects"),
    ("sendgrid", ("head", "headers", "content-type"), "text/plain", "Content-Type is JSON"),
    ("sendgrid", ("body", "template_id"), "d-1", "documented fields only"),
    ("sendgrid", ("body", "personalizations", 0, "to"), [{"email": "bob@example.com"}], "personalizations.to"),
    ("sendgrid", ("body", "content", 0, "type"), "text/html", "content: text/plain before text/html"),
    ("ses", ("head", "headers", "x-amz-date"), "2026-11-20", "X-Amz-Date is signed"),
    ("ses", ("body", "Destination", "CcAddresses"), ["bob@example.com"], "Destination.ToAddresses"),
    ("ses", ("body", "EmailTags", 0, "Value"), "other", "EmailTags has the delivery"),
    ("twilio", ("request", "From"), "+15005550007", "From is our number"),
    ("twilio", ("request", "StatusCallback"), "http://127.0.0.1:8002/v1/callbacks/twilio", "StatusCallback names the delivery"),
    ("twilio", ("segments",), 2, "segments are counted as Twilio counts them"),
    ("msg91", ("request", "mobiles"), "+919812345678", "mobiles without a plus"),
    ("msg91", ("request", "CRQID"), "019a9f5f11007aa08c3d6f7e8d9c0b1a.2", "CRQID is the attempt"),
    ("msg91", ("request", "code"), "x" * 31, "variables of 1 to 30 characters"),
]


@pytest.mark.parametrize(("kind", "path", "value", "claim"), CHANGES, ids=[f"{one[0]}: {one[3]}" for one in CHANGES])
def test_claim_bites(kind: str, path: tuple[Any, ...], value: Any, claim: str) -> None:
    sample: Any = deepcopy(SAMPLES[kind])
    place = sample
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    assert wrong(kind, sample) == [claim]
