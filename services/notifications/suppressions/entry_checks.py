"""What an entry must look like before it is kept; the same for the API and for files."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import checked_address
from services.notifications.sms.numbers import spelled
from services.notifications.suppressions.errors import SuppressionForAll, SuppressionUnusable
from services.notifications.suppressions.models import FOR_ALL, Reason, Scope

_PHONE_FILLERS: Final = re.compile(r"[ ()./-]")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS: Final = re.compile(r"\+[1-9][0-9]{6,17}")
"""Before a prefix was taken away that is dialled within the country only."""
_MAX_ADDRESS: Final = 320
_ENDLESS: Final = frozenset({Reason.HARD_BOUNCE, Reason.OPTED_OUT})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as somebody describes it."""

    channel: str
    address: str
    scope: Scope
    reason: Reason
    category: str | None = None
    note: str | None = None
    expires_at: datetime | None = None


def usable_address(channel: str, address: str) -> str:
    """The address as it is kept. Raises SuppressionUnusable, without quoting it."""
    if channel == "sms":
        digits = _PHONE_FILLERS.sub("", address)
        # As messages are addressed: under another spelling of the number nobody would be found on the list.
        plain = spelled(digits) if _DIGITS.fullmatch(digits) else ""
        if not _PHONE.fullmatch(plain):
            raise SuppressionUnusable("is no number: +, country code, 7 to 15 digits in all")
        return plain
    try:
        # And no more: what nobody can have may have been written to before, and must stay on the list.
        checked_address(address)
    except AddressUnusable:
        raise SuppressionUnusable("is no e-mail address") from None
    if len(address) > _MAX_ADDRESS:
        raise SuppressionUnusable("has more than 320 characters")
    return address


def check_entry(
    entry: Entry, organization_id: UUID | None, now: datetime, *, may_write_for_all: bool, learnt: bool = False
) -> UUID | None:
    """The organization of the entry. Raises SuppressionForAll, and SuppressionUnusable where its parts do not fit together.

    organization_id: whose entry it is to be; None for what is sent for no organization. learnt: whether it may be one that the
    list writes by itself, as those of an export are: soft bounces, and what an organization's own account has said.
    """
    if entry.reason in FOR_ALL and entry.scope is not Scope.GLOBAL:
        _check_word_of_own_account(entry, organization_id, learnt=learnt)
    if entry.reason is Reason.INVALID_NUMBER and entry.channel != "sms":
        raise SuppressionUnusable("invalid_number is a reason of numbers; for e-mail use hard_bounce")
    if entry.reason is Reason.DO_NOT_CALL and (entry.channel != "sms" or entry.scope is Scope.CATEGORY):
        raise SuppressionUnusable("do_not_call is a reason of numbers, for all marketing; write it without a category")
    if entry.reason is Reason.SOFT_BOUNCES and not learnt:
        raise SuppressionUnusable("soft bounces are counted, and not written; use `manual` with an end")
    if entry.reason is Reason.SOFT_BOUNCES and (entry.expires_at is None or entry.scope is not Scope.ORGANIZATION):
        raise SuppressionUnusable("soft_bounces has the scope `organization` and an end; name expires_at")
    if (entry.scope is Scope.CATEGORY) != (entry.category is not None):
        raise SuppressionUnusable("name a category with the scope `category`, and only then")
    if entry.expires_at is not None and entry.reason in _ENDLESS:
        raise SuppressionUnusable(f"{entry.reason} does not end by itself; leave expires_at out")
    if entry.expires_at is not None and entry.expires_at <= now:
        raise SuppressionUnusable("expires_at has passed; name a moment to come, or leave it out")
    if entry.scope is Scope.GLOBAL and not may_write_for_all:
        raise SuppressionForAll("the scope `global` concerns all organizations; use `organization`")
    return organization_id if entry.scope is not Scope.GLOBAL else None


def _check_word_of_own_account(entry: Entry, organization_id: UUID | None, *, learnt: bool) -> None:
    if not learnt or entry.scope is not Scope.ORGANIZATION or organization_id is None:
        raise SuppressionUnusable(f"{entry.reason} is true for everybody: write it with the scope `global`")
