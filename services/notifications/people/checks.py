"""What a person's facts have to look like before they are kept; the same for messages and for the API."""

import re
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from services.notifications.addresses import plain_spelling
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.typed_addresses import check_typed
from services.notifications.locales import canonical
from services.notifications.people.errors import PersonUnusable
from services.notifications.people.repository import PersonRow
from shared.contracts.notifications import UpsertPerson

MAX_VERSION: Final = 2**63 - 1
_REFERENCE: Final = re.compile(r"[a-z]+\.[a-z_]+:[^\x00-\x1f\x7f]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PHONE_FILLERS: Final = re.compile(r"[ ()./-]")
_PHONE: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)


def checked(message: UpsertPerson) -> PersonRow:
    """The person as it is kept: address, locale and phone in canonical form, blanks around a name gone, empty texts as nothing.

    Raises PersonUnusable, without quoting what it refuses.
    """
    if not _REFERENCE.fullmatch(message.reference) or _CONTROL.search(message.reference):
        raise PersonUnusable("the reference must be <service>.<kind>:<id> in visible characters")
    if message.entity_version > MAX_VERSION:
        raise PersonUnusable("entity_version must be below 2^63")
    return PersonRow(
        reference=message.reference,
        organization_id=message.organization_id,
        name=_name(message.name),
        email=_email(message.email),
        phone=_phone(message.phone),
        locale=_locale(message.locale),
        time_zone=_time_zone(message.time_zone),
        entity_version=message.entity_version,
    )


def _name(name: str | None) -> str | None:
    if name is not None and _CONTROL.search(name):
        raise PersonUnusable("the name must be one line without control characters")
    return (name or "").strip() or None


def _email(email: str | None) -> str | None:
    if not email:
        return None
    try:
        check_typed(email)
    except AddressUnusable as error:
        raise PersonUnusable(f"email: {error.detail}") from None
    # Statements compare addresses as they are kept, and do not know of quotes.
    return plain_spelling(email)


def _phone(phone: str | None) -> str | None:
    if not phone:
        return None
    plain = _PHONE_FILLERS.sub("", phone)
    if not _PHONE.fullmatch(plain):
        raise PersonUnusable("the phone number must be international: +, country code, 7 to 15 digits in all")
    return plain


def _locale(locale: str | None) -> str | None:
    if not locale:
        return None
    tag = canonical(locale)
    if tag is None:
        raise PersonUnusable("the locale must be a BCP 47 tag of language, script and region, such as de-AT")
    return tag


def _time_zone(name: str | None) -> str | None:
    if name and name not in _time_zones():
        raise PersonUnusable("the time zone must be a name of the IANA database, such as Asia/Kolkata")
    return name or None


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
