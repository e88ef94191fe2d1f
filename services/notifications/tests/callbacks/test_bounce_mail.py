"""Bounces and complaints as mail."""

import base64
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.notifications.callbacks.bounce_mail import named_delivery, read_bounce_mail
from services.notifications.tests.callbacks import mails
from services.notifications.tests.callbacks.mails import ADDRESSES, DELIVERY, HOLIDAY, QMAIL, STRANGER


def facts(raw: bytes) -> list[tuple[str, str | None, str | None]]:
    """Kind, recipient and status of each fact; all of them about our delivery."""
    found = read_bounce_mail(raw, ADDRESSES)
    assert {one.delivery_id for one in found} <= {DELIVERY}
    return [(one.told.kind, one.recipient, one.code) for one in found]


def test_rfc_3464_sample_of_a_single_recipient_is_read_by_its_blocks() -> None:
    raw = mails.rfc_3464_timed_out()

    assert facts(raw) == [("bounced_soft", "louisl@larry.slip.umd.edu", "4.0.0")]
    assert read_bounce_mail(raw, ADDRESSES)[0].detail == "426 connection timed out"


def test_rfc_3464_sample_of_three_recipients_tells_the_fate_of_each() -> None:
    raw = mails.rfc_3464_three_recipients()

    assert facts(raw) == [
        ("bounced_hard", "arathib@vnet.ibm.com", "5.0.0"),
        ("deferred", "johnh@hpnjld.njd.hp.com", "4.0.0"),
        ("bounced_hard", "wsnell@sdcc13.ucsd.edu", "5.1.1"),
    ]
    assert "arathib" not in str([one.detail for one in read_bounce_mail(raw, ADDRESSES)])


def test_rfc_3464_sample_of_a_delay_is_for_information_alone() -> None:
    [fact] = read_bounce_mail(mails.rfc_3464_delayed(), ADDRESSES)

    assert (fact.told.kind, fact.told.verdict, fact.recipient) == ("deferred", None, "thomas@de-montfort.ac.uk")


@pytest.mark.parametrize(
    ("kind", "told"),
    [("abuse", "complained"), ("fraud", "complained"), ("opt-out", "unsubscribed"), ("not-spam", "not_spam")],
)
def test_rfc_5965_sample_names_our_delivery_by_the_sender_that_it_quotes(kind: str, told: str) -> None:
    assert facts(mails.rfc_5965_abuse(kind)) == [(told, None, kind)]


def test_feedback_on_a_sender_that_was_made_up_is_about_no_delivery() -> None:
    [fact] = read_bounce_mail(mails.rfc_5965_abuse(sender=STRANGER.for_delivery(DELIVERY)), ADDRESSES)

    assert (fact.delivery_id, fact.message_id) == (None, None)


def test_authentication_reports_are_no_complaints() -> None:
    assert facts(mails.rfc_5965_abuse("auth-failure")) == []


def test_server_that_writes_as_it_pleases_is_understood_by_its_words() -> None:
    assert facts(mails.mail(QMAIL)) == [("bounced_hard", "ann@example.org", None)]
    full = QMAIL.replace("550 5.1.1 unknown or illegal alias", "552 5.2.2 mailbox full")
    assert facts(mails.mail(full)) == [("bounced_soft", "ann@example.org", None)]


def test_words_to_an_address_that_is_not_ours_mean_nothing() -> None:
    assert facts(mails.mail(QMAIL, STRANGER.for_delivery(DELIVERY))) == []


def test_holiday_notice_is_no_bounce() -> None:
    assert facts(mails.mail(HOLIDAY)) == []


def test_forged_address_is_told_apart_from_none_at_all() -> None:
    named = [named_delivery(mails.rfc_3464_timed_out(to), ADDRESSES) for to in (None, STRANGER.for_delivery(DELIVERY), "x@y.z")]

    assert named == [(DELIVERY, False), (None, True), (None, False)]


def test_report_on_an_address_beyond_ascii_is_read_as_well() -> None:
    raw = mails.failed("ann@example.org").replace(b"message/delivery-status", b"message/global-delivery-status")

    assert facts(raw) == [("bounced_hard", "ann@example.org", "5.1.1")]


STATUS = (
    "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


def encoded(encoding: str, body: bytes, kind: str = "message/delivery-status") -> bytes:
    """A report whose part came under an encoding, which RFC 3464 forbids and servers use."""
    head = (
        f"To: {mails.own()}\r\nContent-Type: multipart/report; boundary=b1\r\n\r\n--b1\r\nContent-Type: {kind}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + body + b"\r\n--b1--\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        encoded("base64", base64.encodebytes(STATUS.encode())),
        encoded("quoted-printable", STATUS.replace("@", "=40").replace("failed", "fai=\r\nled").encode()),
        encoded("base64", base64.encodebytes(STATUS.encode()), "message/global-delivery-status"),
    ],
)
def test_report_under_an_encoding_is_read(raw: bytes) -> None:
    assert facts(raw) == [("bounced_hard", "ann@example.org", "5.1.1")]


def test_comments_in_fields_are_no_part_of_what_they_say() -> None:
    raw = mails.failed("ann@example.org (Ann (of Oslo))").replace(b"Action: failed", b"Action: (it) Failed (permanent)")

    assert facts(raw.replace(b"Status: 5.1.1", b"Status: 5.1.1(no such user)")) == [("bounced_hard", "ann@example.org", "5.1.1")]


def test_feedback_with_a_comment_and_under_an_encoding_is_read() -> None:
    body = f"Feedback-Type: abuse (spam)\r\nOriginal-Mail-From: <{mails.own()}>\r\n".encode()
    raw = encoded("base64", base64.encodebytes(body), "message/feedback-report").replace(mails.own().encode(), b"fbl@example.com")

    assert facts(raw) == [("complained", None, "abuse")]


def test_recipient_is_named_as_it_stands_in_xtext_and_as_the_last_server_had_it() -> None:
    raw = mails.failed("group@inner.example").replace(
        b"Final-Recipient", b"Original-Recipient: rfc822;ann+2Btag@example.org\r\nFinal-Recipient"
    )
    [fact] = read_bounce_mail(raw, ADDRESSES)

    assert fact.named == ("ann+2Btag@example.org", "ann+tag@example.org", "group@inner.example")


def test_words_count_where_the_structure_says_nothing() -> None:
    empty = b"--b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example.org\r\n\r\n--b1--\r\n"
    text = QMAIL.partition("\n\n")[2].replace("\n", "\r\n").encode()
    head = f"From: MAILER-DAEMON@mail.example.org\r\nTo: {mails.own()}\r\nSubject: failure notice\r\n"
    kind = (
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\n"
    )

    assert facts((head + kind).encode() + text + b"\r\n" + empty) == [("bounced_hard", "ann@example.org", None)]


@pytest.mark.parametrize(
    "quoted",
    [
        f"Content-Type: message/rfc822\r\n\r\nMessage-ID: <{DELIVERY}@example.com>\r\nTo: [redacted]\r\n\r\nHello\r\n",
        f"Content-Type: text/rfc822-headers\r\n\r\nTo: x\r\nX-Entity-Ref-ID: {DELIVERY}\r\n",
        "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(f"Return-Path: <{mails.own()}>\r\n".encode()).decode(),
    ],
)
def test_complaint_with_addresses_blacked_out_names_the_mail_that_it_quotes(quoted: str) -> None:
    report = mails.rfc_5965_abuse(sender="[redacted]")
    own = b"Content-Type: message/rfc822" + report.split(b"Content-Type: message/rfc822")[1].partition(b"--part1")[0]

    assert facts(report.replace(own, quoted.encode())) == [("complained", None, "abuse")]


def test_mail_in_mail_in_mail_is_given_up_quickly() -> None:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n" for depth in range(20_000))
    lines = f"To: {mails.own()}\r\n{opened}" + "x\r\n" * 1_000_000
    began = time.monotonic()

    assert facts(lines.encode()) == []
    assert time.monotonic() - began < 5


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 900), st.binary(max_size=30))
def test_no_broken_mail_makes_the_reading_fail(place: int, noise: bytes) -> None:
    for raw in (mails.rfc_3464_three_recipients(), mails.rfc_5965_abuse(), mails.mail(QMAIL)):
        read_bounce_mail(raw[:place] + noise + raw[place + len(noise) :], ADDRESSES)
