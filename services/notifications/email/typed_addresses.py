"""Addresses as people and other programs hand them over, checked once where they come in.

What a mail server could be asked for is judged by `mime.checked_address`, for every mail and in microseconds. Here it is asked
whether it can be anybody's: a domain without a dot, or one that is reserved, is a slip of whoever wrote it.
"""

from email_validator import EmailNotValidError, validate_email

from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import checked_address


def check_typed(address: str) -> None:
    """Raises AddressUnusable, which says what is wrong without quoting the address."""
    checked_address(address)
    try:
        validate_email(address, check_deliverability=False, allow_quoted_local=True)
    except EmailNotValidError as error:
        raise AddressUnusable(f"nobody can have the address: {str(error).rstrip('.')}; correct it and send anew") from None
