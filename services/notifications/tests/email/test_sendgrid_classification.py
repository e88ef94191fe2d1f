"""Every row of the classification of SendGrid's answers."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.notifications.email.sendgrid_classification import (
    BY_STATUS,
    STATUS_OF_MESSAGE,
    Complaint,
    classify,
    rate,
    refused,
    wait_s,
)
from services.notifications.providers.answers import Verdict
from shared.runtime.outside.http_api import Reply

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

STATUSES = [
    (302, "config"),
    (400, "bad_content"),
    (401, "config"),
    (402, "config"),
    (403, "config"),
    (404, "config"),
    (405, "config"),
    (406, "config"),
    (408, "transient"),
    (409, "bad_content"),
    (413, "bad_content"),
    (415, "config"),
    (429, "throttled"),
    (500, "transient"),
    (502, "transient"),
    (503, "transient"),
    (504, "transient"),
    # Acceptance is a 202 without a word; what else a 2xx may mean, nobody has said.
    (200, "unknown"),
    (202, "unknown"),
    (204, "unknown"),
]
FIELDS = [
    ("from", "config"),
    ("from.email", "config"),
    ("from_email", "bad_content"),
    ("personalizations.0.to", "bad_recipient"),
    ("personalizations.17.to.0", "bad_recipient"),
    ("personalizations.17.to.0.email", "bad_recipient"),
    ("personalizations.17.to.0.name", "bad_content"),
    ("personalizations.0.subject", "bad_content"),
    ("personalizations.0.headers", "bad_content"),
    ("personalizations.0.custom_args", "bad_content"),
    ("personalizations.0.substitutions", "bad_content"),
    ("personalizations", "bad_content"),
    ("content.0.value", "bad_content"),
    ("subject", "bad_content"),
    ("attachments.0.content", "bad_content"),
    (None, "bad_content"),
]
MESSAGES = [
    ("authorization required", "config"),
    ("access forbidden", "config"),
    ("not found", "config"),
    ("method not allowed", "config"),
    ("content too large", "bad_content"),
    ("too many requests", "throttled"),
    ("internal server error", "transient"),
    ("Does not contain a valid address.", "bad_content"),
]


@pytest.mark.parametrize(("status", "verdict"), STATUSES)
def test_status_has_its_verdict(status: int, verdict: str) -> None:
    assert classify(status, []) == Verdict(verdict)


@pytest.mark.parametrize(("field", "verdict"), FIELDS)
def test_field_of_a_400_has_its_verdict(field: str | None, verdict: str) -> None:
    assert classify(400, [Complaint("no", field)]) == Verdict(verdict)


@pytest.mark.parametrize(("message", "verdict"), MESSAGES)
@pytest.mark.parametrize("status", [200, 202])
def test_error_inside_a_success_has_the_verdict_of_its_message(status: int, message: str, verdict: str) -> None:
    found = refused(Reply.of(httpx.Response(status, json={"errors": [{"message": message, "field": None}]})))

    assert found is not None
    assert (classify(found.status, found.complaints), message in found.detail) == (Verdict(verdict), True)


def test_every_row_of_the_tables_is_tested() -> None:
    assert {status for status, _ in STATUSES} >= set(BY_STATUS)
    assert {message for message, _ in MESSAGES} >= set(STATUS_OF_MESSAGE)


def test_sender_that_is_wrong_outweighs_a_recipient_that_is() -> None:
    complaints = [Complaint("no", "personalizations.0.to.0.email"), Complaint("no", "from.email")]

    assert classify(400, complaints) is Verdict.CONFIG


@pytest.mark.parametrize(
    ("status", "body", "accepted"),
    [
        (202, b"", True),
        (202, b"\r\n", True),
        (202, b"{}", True),
        (202, b'{"errors": []}', True),
        (202, b'{"errors": [{"message": "x"}]}', False),
        (202, b"<html>busy</html>", False),
        (202, b'{"message": "ok"}', False),
        (200, b"", False),
        (200, b"{}", False),
        (200, b"<html>log in here</html>", False),
    ],
)
def test_only_a_202_without_a_word_is_an_acceptance(status: int, body: bytes, accepted: bool) -> None:
    assert (refused(Reply.of(httpx.Response(status, content=body))) is None) is accepted


@pytest.mark.parametrize(
    ("field", "index"),
    [
        ("personalizations.3.to", 3),
        ("personalizations.12", 12),
        ("personalizations", None),
        ("content.0.value", None),
        (None, None),
    ],
)
def test_complaint_names_the_mail_it_is_about(field: str | None, index: int | None) -> None:
    assert Complaint("no", field).index == index


@pytest.mark.parametrize("body", [b"", b"[]", b'{"errors": "no"}', b'{"errors": [7]}', b"\xff"])
def test_answer_that_cannot_be_read_still_says_its_status(body: bytes) -> None:
    found = refused(Reply.of(httpx.Response(400, content=body)))

    assert found is not None
    assert found.detail == "status 400 without a reason"


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"X-RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, 40.0),
        (429, {"X-RateLimit-Reset": str(int(NOW.timestamp()) - 40)}, 0.0),
        (429, {"Retry-After": "7"}, 7.0),
        # Nobody waits for longer than an hour, whatever a header says.
        (429, {"X-RateLimit-Reset": str(int(NOW.timestamp()) + 3601)}, 3600.0),
        (429, {"X-RateLimit-Reset": "9" * 15}, 3600.0),
        (429, {"X-RateLimit-Reset": "9" * 5000}, None),
        (429, {"Retry-After": "70", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, 70.0),
        (429, {"Retry-After": "Sat, 21 Nov 2026 12:01:30 GMT"}, 90.0),
        (429, {"Retry-After": "soon", "X-RateLimit-Reset": "later"}, None),
        (429, {}, None),
        (503, {"Retry-After": "9", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, 9.0),
        (503, {"X-RateLimit-Reset": str(int(NOW.timestamp()) + 40)}, None),
    ],
)
def test_wait_is_what_the_headers_say(status: int, headers: dict[str, str], expected: float | None) -> None:
    assert wait_s(Reply.of(httpx.Response(status, headers=headers)), NOW) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW.timestamp()) + 5)}, (0, 5.0)),
        ({"X-RateLimit-Remaining": "599"}, (599, None)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "999999999999"}, (0, 3600.0)),
        ({"X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "x"}, (None, None)),
        ({"X-RateLimit-Remaining": "9" * 5000, "X-RateLimit-Reset": "9" * 5000}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_rate_is_what_the_headers_say(headers: dict[str, str], expected: tuple[Any, ...]) -> None:
    found = rate(Reply.of(httpx.Response(202, headers=headers)), NOW)

    assert (found.remaining, found.reset_s) == expected
