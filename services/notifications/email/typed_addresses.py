"""Addresses as people and other programs hand them over, checked once wherever they come in: HTTP, tasks, lists and files.

What a mail server could be asked for is judged by `mime.checked_address`. Here it is asked whether it can be anybody's, too: a
domain without a dot, or one that is reserved, is a slip of whoever wrote it, and a mail to `ann@localhost` would end on our own
machine. It takes microseconds, since it is asked for every mail of a batch: what is usual before the @ is known, domains repeat.
"""

import re
from functools import lru_cache
from typing import Final

from email_validator import EmailNotValidError, validate_email

from services.notifications.addresses import ATOM
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import checked_address

_USUAL: Final = re.compile(rf"{ATOM}(?:\.{ATOM})*", re.ASCII)


def check_typed(address: str) -> None:
    """Raises AddressUnusable, which says what is wrong without quoting the address."""
    checked_address(address)
    local, _, domain = address.rpartition("@")
    wrong = _wrong_with_domain(domain) if _USUAL.fullmatch(local) else _wrong_with(address)
    if wrong is not None:
        raise AddressUnusable(f"nobody can have the address: {wrong}; correct it and send anew")


@lru_cache(maxsize=4096)
def _wrong_with_domain(domain: str) -> str | None:
    return _wrong_with(f"a@{domain}")


def _wrong_with(address: str) -> str | None:
    try:
        validate_email(address, check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError as error:
        return str(error).rstrip(".")
    return None
