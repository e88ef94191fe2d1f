"""Phone numbers that an SMS can reach, in the one form in which they are kept, and out of what providers say."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult, timezone
from phonenumbers.timezone import UNKNOWN_TIMEZONE

from services.notifications.providers.answers import Answer, without_address
from services.notifications.sms.errors import NumberUnusable

_WRITTEN: Final = re.compile(r"[+(]?[0-9][0-9 ()./\u00a0-]{0,40}")
_QUOTED: Final = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){6,14}")
_KNOWN_BY: Final = 7
_REFUSED: Final = {
    PhoneNumberType.FIXED_LINE: "it is a landline",
    PhoneNumberType.PREMIUM_RATE: "it is a premium-rate number",
    PhoneNumberType.SHARED_COST: "it is a shared-cost number",
    PhoneNumberType.UAN: "it is a company's access number",
    PhoneNumberType.VOICEMAIL: "it is a voice mailbox",
}
_LENGTHS: Final = {
    ValidationResult.TOO_SHORT: "it has too few digits, or is a short code",
    ValidationResult.TOO_LONG: "it has too many digits",
    ValidationResult.INVALID_COUNTRY_CODE: "no country has its country code",
}


def number(text: str, default_country: str) -> str:
    """The number as E.164, `+919812345678`.

    text: international with a plus, or national in `default_country` (ISO 3166-1 alpha-2), with the usual fillers.
    Raises NumberUnusable for what no SMS can reach: no number, an impossible or unassigned one, a short, premium or shared-cost
    number, a toll-free one outside of North America, and a landline where the numbering plan tells it from a mobile number.
    Never quotes the number.
    """
    parsed = _parsed(text.strip(), default_country)
    length = phonenumbers.is_possible_number_with_reason(parsed)
    if length != ValidationResult.IS_POSSIBLE:
        raise _unusable(_LENGTHS.get(length, "its length fits no number of its country"))
    if not phonenumbers.is_valid_number(parsed):
        raise _unusable("its country assigns no such numbers")
    kind = phonenumbers.number_type(parsed)
    reason = _REFUSED.get(kind)
    # Only in North America do toll-free numbers take SMS.
    if kind == PhoneNumberType.TOLL_FREE and parsed.country_code != 1:
        reason = "it is a toll-free number"
    if reason is not None:
        raise _unusable(reason)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def spelled(digits: str) -> str:
    """The number as a message to it would be addressed, whether an SMS can reach it or not.

    digits: a plus and digits alone. `+44 (0)7911 123456` is how people write `+447911123456`: the zero is dialled within the
    country only. What no country's plan can be asked about stays as it is.
    """
    try:
        return phonenumbers.format_number(phonenumbers.parse(digits), PhoneNumberFormat.E164)
    except NumberParseException:
        return digits


def zone_of(number: str, now: datetime) -> str | None:
    """The time zone in which somebody with this number, as E.164, most likely is; None where the number does not tell.

    Of the zones of a country that has several and whose mobile numbers do not tell which, the middle one.
    """
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(number))
    except NumberParseException:
        return None
    known = [found for one in zones if one != UNKNOWN_TIMEZONE and (found := _zone(one)) is not None]
    by_offset = sorted(known, key=lambda zone: (now.astimezone(zone).utcoffset() or timedelta(), zone.key))
    return by_offset[len(by_offset) // 2].key if by_offset else None


def without_number(answer: Answer, to: str) -> Answer:
    """The answer with a detail that can be kept: providers quote the number with and without its plus, or with blanks in it."""
    own = "".join(character for character in to if character.isdigit())[-_KNOWN_BY:]

    def hidden(match: re.Match[str]) -> str:
        digits = "".join(character for character in match[0] if character.isdigit())
        return "recipient" if digits.endswith(own) else match[0]

    return without_address(replace(answer, detail=_QUOTED.sub(hidden, answer.detail)), to)


def _parsed(text: str, default_country: str) -> phonenumbers.PhoneNumber:
    # The library reads letters as digits of a telephone's keys, and finds numbers within sentences; neither is meant here.
    if not _WRITTEN.fullmatch(text):
        raise _unusable("it holds something else than digits, blanks and ()./-")
    try:
        return phonenumbers.parse(text, default_country)
    except NumberParseException as error:
        is_code = error.error_type == NumberParseException.INVALID_COUNTRY_CODE
        raise _unusable("no country has its country code" if is_code else "it is no phone number") from None


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None


def _unusable(reason: str) -> NumberUnusable:
    return NumberUnusable(f"no SMS can reach the number: {reason}; give a mobile number such as +919812345678")
