"""Every row of the classification of Amazon SES's answers."""

import httpx
import pytest

from services.notifications.deliveries.receipt_models import Receipt
from services.notifications.email.ses_classification import (
    BY_ERROR_TYPE,
    BY_STATUS,
    classify,
    error_message,
    error_type,
    wait_s,
)
from services.notifications.email.ses_lookups import bounce_receipt
from services.notifications.providers.answers import Verdict
from shared.runtime.outside.http_api import Reply

SENDER = "waybill@example.com"

TYPES = [
    ("TooManyRequestsException", "throttled"),
    ("ThrottlingException", "throttled"),
    ("Throttling", "throttled"),
    ("LimitExceededException", "throttled"),
    ("AccountSuspendedException", "config"),
    ("SendingPausedException", "config"),
    ("MailFromDomainNotVerifiedException", "config"),
    ("NotFoundException", "config"),
    ("MessageRejected", "bad_content"),
    ("BadRequestException", "bad_content"),
    ("ValidationException", "bad_content"),
    ("SerializationException", "bad_content"),
    ("AccessDeniedException", "config"),
    ("ExpiredTokenException", "config"),
    ("IncompleteSignature", "config"),
    ("IncompleteSignatureException", "config"),
    ("InvalidClientTokenId", "config"),
    ("InvalidSignatureException", "config"),
    ("MissingAuthenticationToken", "config"),
    ("MissingAuthenticationTokenException", "config"),
    ("NotAuthorized", "config"),
    ("OptInRequired", "config"),
    ("RequestExpired", "config"),
    ("SignatureDoesNotMatch", "config"),
    ("UnrecognizedClientException", "config"),
    ("InternalFailure", "transient"),
    ("InternalServerError", "transient"),
    ("InternalServiceErrorException", "transient"),
    ("ServiceUnavailable", "transient"),
    ("ServiceUnavailableException", "transient"),
    ("ConcurrentModificationException", "transient"),
]
STATUSES = [
    (200, "unknown"),
    (202, "unknown"),
    (301, "config"),
    (400, "bad_content"),
    (401, "config"),
    (403, "config"),
    (404, "config"),
    (405, "config"),
    (408, "transient"),
    (413, "bad_content"),
    (422, "bad_content"),
    (429, "throttled"),
    (500, "transient"),
    (503, "transient"),
]


@pytest.mark.parametrize(("error", "verdict"), TYPES)
@pytest.mark.parametrize("status", [200, 400])
def test_error_type_has_its_verdict_whatever_the_status(status: int, error: str, verdict: str) -> None:
    assert classify(status, error, None, SENDER) == Verdict(verdict)


@pytest.mark.parametrize(("status", "verdict"), STATUSES)
@pytest.mark.parametrize("error", [None, "SomethingNewException"])
def test_status_decides_where_the_type_is_not_known(status: int, error: str | None, verdict: str) -> None:
    assert classify(status, error, None, SENDER) == Verdict(verdict)


def test_every_row_of_the_tables_is_tested() -> None:
    assert {error for error, _ in TYPES} == set(BY_ERROR_TYPE)
    assert {status for status, _ in STATUSES} >= set(BY_STATUS)


@pytest.mark.parametrize(
    ("identity", "verdict"),
    [
        ("waybill@example.com", "config"),
        ("Waybill@Example.com,", "config"),
        ("example.com", "config"),
        ("ann@elsewhere.example", "bad_content"),
        ("ann@example.com", "bad_content"),
        ("otherwaybill@example.com", "bad_content"),
    ],
)
def test_identity_that_is_not_verified_is_a_matter_of_the_account_where_it_is_our_sender(identity: str, verdict: str) -> None:
    message = f"Email address is not verified. The following identities failed the check in region AP-SOUTH-1: {identity}"

    assert classify(400, "MessageRejected", message, SENDER) == Verdict(verdict)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"x-amzn-ErrorType": "MessageRejected"}, b"", "MessageRejected"),
        ({"x-amzn-ErrorType": "MessageRejected:http://internal.amazon.com/coral/"}, b"", "MessageRejected"),
        ({}, b'{"__type": "MessageRejected"}', "MessageRejected"),
        ({}, b'{"__type": "com.amazonaws.sesv2#MessageRejected"}', "MessageRejected"),
        ({}, b'{"__type": 7}', None),
        ({}, b"[]", None),
        ({}, b"<html>", None),
    ],
)
def test_type_is_found_in_header_or_body(headers: dict[str, str], body: bytes, expected: str | None) -> None:
    assert error_type(Reply.of(httpx.Response(400, headers=headers, content=body))) == expected


@pytest.mark.parametrize(("body", "expected"), [(b'{"message": "a"}', "a"), (b'{"Message": "b"}', "b"), (b"", None)])
def test_message_is_found_in_either_spelling(body: bytes, expected: str | None) -> None:
    assert error_message(Reply.of(httpx.Response(400, content=body))) == expected


@pytest.mark.parametrize(
    ("error", "message", "expected"),
    [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", 2.0),
        ("TooManyRequestsException", "Daily message quota exceeded.", 900.0),
        ("LimitExceededException", None, 900.0),
        (None, None, 2.0),
    ],
)
def test_account_rests_for_a_moment_at_its_rate_and_longer_at_its_quota(
    error: str | None, message: str | None, expected: float
) -> None:
    assert wait_s(Verdict.THROTTLED, error, message) == expected


@pytest.mark.parametrize(
    ("kind", "sub_kind", "diagnostic", "receipt"),
    [
        ("Permanent", "General", None, Receipt.BOUNCED_HARD),
        ("PERMANENT", "NoEmail", "smtp; 550 5.1.1 unknown", Receipt.BOUNCED_HARD),
        ("Permanent", "OnAccountSuppressionList", None, Receipt.SUPPRESSED),
        ("Transient", "General", "smtp; 550 5.4.4 no such domain", Receipt.BOUNCED_HARD),
        ("Transient", "MailboxFull", None, Receipt.BOUNCED_SOFT),
        ("TRANSIENT", "General", None, Receipt.BOUNCED_SOFT),
        ("Transient", "ContentRejected", None, Receipt.BLOCKED),
        ("TRANSIENT", "ATTACHMENT_REJECTED", None, Receipt.BLOCKED),
        ("Transient", "MessageTooLarge", None, Receipt.BLOCKED),
        ("Undetermined", "Undetermined", None, Receipt.BOUNCED_SOFT),
    ],
)
def test_kind_of_a_bounce_has_its_receipt(kind: str, sub_kind: str, diagnostic: str | None, receipt: Receipt) -> None:
    assert bounce_receipt(kind, sub_kind, diagnostic) is receipt
