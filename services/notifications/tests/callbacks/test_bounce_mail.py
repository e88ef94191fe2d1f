"""Bounces and complaints as mail."""

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


def test_mail_in_mail_in_mail_is_given_up_quickly() -> None:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{depth}\r\n\r\n--b{depth}\r\n" for depth in range(20_000))
    lines = f"To: {mails.own()}\r\n{opened}" + "x\r\n" * 1_000_000
    began = time.monotonic()

    assert facts(lines.encode()) == []
    assert time.monotonic() - began < 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 900), st.binary(max_size=30))
def test_no_broken_mail_makes_the_reading_fail(place: int, noise: bytes) -> None:
    for raw in (mails.rfc_3464_three_recipients(), mails.rfc_5965_abuse(), mails.mail(QMAIL)):
        read_bounce_mail(raw[:place] + noise + raw[place + len(noise) :], ADDRESSES)
