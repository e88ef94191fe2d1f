"""Which phone numbers an SMS can reach, and what is said of the others."""

from zoneinfo import ZoneInfo

import pytest

from services.notifications.providers.answers import Answer, Verdict
from services.notifications.sms.errors import NumberUnusable
from services.notifications.sms.numbers import number, without_number, zone_of
from shared.testing.clock import MONDAY_MORNING

USABLE = [
    ("+919812345678", "IN", "+919812345678"),
    ("+91 (98123) 45-678", "IN", "+919812345678"),
    ("09812345678", "IN", "+919812345678"),
    ("9812345678", "IN", "+919812345678"),
    (" +91.98123.45678 ", "US", "+919812345678"),
    ("(201) 555-0123", "US", "+12015550123"),
    ("+447911123456", "IN", "+447911123456"),
    ("+18005550123", "IN", "+18005550123"),
    ("00919812345678", "IN", "+919812345678"),
]

UNUSABLE = [
    ("022 2345 6789", "IN", "it is a landline"),
    ("+442079460000", "IN", "it is a landline"),
    ("112", "IN", "too few digits, or is a short code"),
    ("56161", "IN", "too few digits, or is a short code"),
    ("+1 900 555 1234", "IN", "it is a premium-rate number"),
    ("1800 123 4567", "IN", "it is a toll-free number"),
    ("+9198123456789012", "IN", "too many digits"),
    ("+999123456789", "IN", "no country has its country code"),
    ("+910812345678", "IN", "its country assigns no such numbers"),
    ("1-800-FLOWERS", "US", "it holds something else than digits"),
    ("+919812345678 ext 5", "IN", "it holds something else than digits"),
    ("+919812345678\r\n+447911123456", "IN", "it holds something else than digits"),
    ("+٩١٩٨١٢٣٤٥٦٧٨", "IN", "it holds something else than digits"),
    ("", "IN", "it holds something else than digits"),
    ("+" + "9" * 1000, "IN", "it holds something else than digits"),
]


@pytest.mark.parametrize(("text", "country", "e164"), USABLE)
def test_mobile_number_becomes_e164(text: str, country: str, e164: str) -> None:
    assert number(text, country) == e164


@pytest.mark.parametrize(("text", "country", "reason"), UNUSABLE)
def test_number_that_no_sms_reaches_is_refused_without_being_quoted(text: str, country: str, reason: str) -> None:
    with pytest.raises(NumberUnusable) as refused:
        number(text, country)

    detail = refused.value.detail.replace("+919812345678", "", 1)
    assert reason in detail
    assert not text or text not in detail


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("To +919812345678 failed", "To recipient failed"),
        ("To 919812345678, 98123-45678 and 098123 45678", "To recipient, recipient and recipient"),
        ("To %2B919812345678", "To %2Brecipient"),
        ("From +15005550006, request 3462697a", "From +15005550006, request 3462697a"),
        ("two\r\nlines\x00", "two lines"),
    ],
)
def test_number_is_taken_out_of_what_a_provider_says(said: str, kept: str) -> None:
    assert without_number(Answer(Verdict.BLOCKED, said), "+919812345678").detail == kept


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+919812345678", "Asia/Kolkata"),
        ("+14155550123", "America/Los_Angeles"),
        ("+447400123456", "Europe/London"),
        # It may be anywhere between Kaliningrad and Kamchatka.
        ("+79161234567", "Asia/Novosibirsk"),
        # A network of satellites.
        ("+882161234567", None),
        ("no number", None),
    ],
)
def test_number_is_where_its_digits_say_or_in_the_middle_of_its_country(number: str, zone: str | None) -> None:
    found = zone_of(number, MONDAY_MORNING)

    offsets = [MONDAY_MORNING.astimezone(ZoneInfo(one)).utcoffset() if one else None for one in (found, zone)]
    assert offsets[0] == offsets[1]
