import contextlib
import hashlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.runtime.context import new_trace, traced
from shared.runtime.logging import configure_logging
from shared.runtime.redaction import AddressHash, redact_text
from shared.runtime.settings import ServiceSettings


class SomeSettings(ServiceSettings):
    service: ClassVar[str] = "alerts"


SETTINGS = SomeSettings(database_url=SecretStr("postgresql://a:b@localhost/x"), redis_url=SecretStr("redis://localhost"))
TRACE = new_trace("order-7", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def configure(output: io.StringIO, **changes: str) -> None:
    with contextlib.redirect_stdout(output):
        configure_logging(SETTINGS.model_copy(update=changes), "api")


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """What a configured process writes. The test session's own logging is put back afterwards."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    configure(written)
    yield written
    root.handlers, root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_of_the_standard_library_has_its_fields_and_its_origin(output: io.StringIO) -> None:
    with traced(TRACE):
        logging.getLogger("some.module").warning("lane_paused", extra={"lane": "alerts.default", "count": 3})

    [line] = lines(output)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "lane_paused",
        "level": "warning",
        "logger": "some.module",
        "lane": "alerts.default",
        "count": 3,
        "service": "alerts",
        "version": "0.1.0",
        "role": "api",
        "correlation_id": "order-7",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
    }


def test_structlog_writes_the_same_shape(output: io.StringIO) -> None:
    structlog.get_logger("some.module").info("lane_paused", lane="alerts.default")

    [line] = lines(output)
    assert (line["event"], line["level"], line["logger"]) == ("lane_paused", "info", "some.module")
    assert (line["lane"], line["role"]) == ("alerts.default", "api")


def test_outside_of_a_request_no_correlation_is_made_up(output: io.StringIO) -> None:
    logging.getLogger("some.module").info("started")

    assert "correlation_id" not in lines(output)[0]


def test_what_is_secret_by_name_or_by_look_is_not_written(output: io.StringIO) -> None:
    fields = {
        "to_email": "anna@example.org",
        "nested": {"Authorization": "x", "note": ["call +49 170 1234567"]},
        "url": "postgresql://app:hunter2@db/x",
        "smtp_password": SecretStr("hunter2"),
        "card": "4111 1111 1111 1111",
    }
    logging.getLogger("some.module").info("sent to %s", "bob@example.org", extra=fields)

    [line] = lines(output)
    assert line["event"] == "sent to [email]"
    assert line["to_email"] == line["smtp_password"] == line["nested"]["Authorization"] == "[redacted]"
    assert (line["nested"]["note"], line["card"]) == (["call [phone]"], "[card]")
    assert line["url"] == "postgresql://app:[password]@db/x"


class HashingSettings(SomeSettings):
    """Of a service that hashes addresses under a key."""

    service: ClassVar[str] = "alerts"

    @property
    def address_hash(self) -> AddressHash:
        return lambda channel, address: hashlib.sha256(f"{channel} {address}".encode()).hexdigest()


def shown(kind: str, hashed: str) -> str:
    return f"[{kind}-{hashlib.sha256(hashed.encode()).hexdigest()[:12]}]"


def test_a_service_that_hashes_addresses_shows_the_beginning_of_the_hash(output: io.StringIO) -> None:
    with contextlib.redirect_stdout(output):
        configure_logging(HashingSettings(**SETTINGS.model_dump()), "api")
    fields = {
        "to_email": "anna@example.org",
        "to_phone": "+919812345678",
        "recipient": "Anna <anna@example.org>",
        "detail": "RCPT TO:<anna@example.org>, To=%2B919812345678, mobiles=919812345678",
        "url": "smtp://anna:hunter2@example.org",
    }
    logging.getLogger("some.module").info("sent to %s", "anna@example.org", extra=fields)

    [line] = lines(output)
    anna, number = shown("email", "email anna@example.org"), shown("phone", "sms +919812345678")
    digits = shown("phone", "sms 919812345678")
    assert (line["event"], line["to_email"], line["to_phone"]) == (f"sent to {anna}", anna, number)
    assert line["recipient"] == "[redacted]"
    assert line["detail"] == f"RCPT TO:<{anna}>, To={digits}, mobiles={digits}"
    assert line["url"] == "smtp://anna:[password]@example.org"


def test_a_traceback_is_one_field_and_is_searched_too(output: io.StringIO) -> None:
    try:
        raise ValueError("Key (email)=(anna@example.org) already exists")
    except ValueError:
        logging.getLogger("some.module").exception("insert_failed")

    [line] = lines(output)
    assert "ValueError: Key (email)=([email]) already exists" in line["exception"]


def test_the_servers_own_handlers_give_way(output: io.StringIO) -> None:
    noisy = logging.getLogger("uvicorn.access")
    noisy.addHandler(logging.StreamHandler())
    # A server that another test ran in this process may have turned its logger down.
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)
    configure(output)
    noisy.info("GET /v1/people?email=anna@example.org")
    logging.getLogger("uvicorn.error").info("Application startup complete.")

    assert [line["event"] for line in lines(output)] == ["Application startup complete."]


def test_the_console_shape_is_for_people(output: io.StringIO) -> None:
    configure(output, log_format="console")
    error = ValueError("Key (email)=(anna@example.org) already exists")
    logging.getLogger("some.module").error("relay_started", exc_info=error, extra={"email": "anna@example.org"})

    shown = output.getvalue()
    assert "relay_started" in shown
    assert "Key (email)=([email]) already exists" in shown
    assert not shown.startswith("{")
    assert "anna" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "0194f6a2-c0de-7b1e-9d3a-5c7e8f901234",
        "2026-11-21T08:00:00.123456+00:00",
        "order 4111111111111112",
        "10.0.0.1:5432",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "a@b",
        "payments.customer:42",
        # Too short, too long, no mobile number, and parts of something else.
        "91981234567 9198123456789 915812345678 a919812345678 919812345678.5 019a9f5e-919812345678",
    ],
)
def test_ids_and_times_stay_readable(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiJ4In0.c2ln", "[token]"),  # pragma: allowlist secret
        ("wb_abc123abc123_" + "A" * 43, "wb_abc123abc123_[secret]"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [token]"),
        ("redis://:hunter2@localhost:6379/0", "redis://:[password]@localhost:6379/0"),
        ("<o'brien+x@mail.example.co.uk>", "<[email]>"),
        ("sent to अनिल@उदाहरण.भारत.", "sent to [email]."),
        ("to ann@例え。テスト and ann@example．com", "to [email] and [email]"),
        ("‘ann@example.com’, `bob@example.com`, *eve@example.com*", "‘[email]’, `[email]`, *[email]*"),
        ('to "ann smith"@example.com now', "to [email] now"),
        ("GET /v1/people?email=ann%40example.com&x=1", "GET /v1/people?email=[email]&x=1"),
        ("+1 (555) 010-9999", "[phone]"),
        ("mobiles=919812345678, 916000000000", "mobiles=[phone], [phone]"),
        ("To=%2B15005550006&From=%2b919812345678", "To=[phone]&From=[phone]"),
        ("5500-0000-0000-0004", "[card]"),
        (
            "error\nDETAIL:  Failing row contains (7, Asha Rao).\n[SQL: x]",
            "error\nDETAIL:  Failing row contains [values]\n[SQL: x]",
        ),
        ("DETAIL:  Key (name)=(Asha Rao) already exists.", "DETAIL:  Key [values]"),
    ],
)
def test_secrets_are_recognised_by_their_look(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@given(st.text(max_size=500))
def test_no_text_is_too_odd(text: str) -> None:
    assert isinstance(redact_text(text), str)
