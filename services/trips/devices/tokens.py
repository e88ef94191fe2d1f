"""Tokens of devices: 256 bits at random, of which the SHA-256 is kept. Nobody guesses such a one, so no salt and no slow hash."""

import hashlib
import secrets
from typing import Final

PREFIX: Final = "wbd_"
"""By which scanners of repositories and logs know one."""


def new_token() -> str:
    """A token of 47 characters that fit a URL."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What is kept of a token, 32 bytes."""
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).digest()
