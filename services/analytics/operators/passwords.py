"""Passwords: argon2id with the parameters of OWASP's Password Storage Cheat Sheet (19 MiB, two passes, one lane).

Working one out takes tens of milliseconds of a core, so it is done in a thread, and at most two at once in a process: a flood of
logins waits here, and not where all other requests are served.
"""

import asyncio
import secrets
import string
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.analytics.operators.errors import WeakPassword

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODYS: Final = _HASHER.hash(secrets.token_hex())
_LETTERS: Final = string.ascii_lowercase + string.digits
AT_ONCE: Final = 2


class Passwords:
    """Hashes and compares. One in a process."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        """What is kept of it."""
        async with self._turn:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, known: str | None, password: str) -> bool:
        """Whether it is the one of which `known` is kept. None takes as long as a wrong one: nobody learns who has an account."""
        async with self._turn:
            right = await asyncio.to_thread(_is_right, known or _NOBODYS, password)
        return right and known is not None

    @staticmethod
    def is_outdated(known: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return _HASHER.check_needs_rehash(known)


def _is_right(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False


def one_time_password() -> str:
    """One to hand out: 100 random bits, in groups that can be read out over the telephone."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def check_strength(password: str, email: str, old: str | None = None) -> None:
    """Length is asked for by the request's shape. Raises WeakPassword for what anybody would try first."""
    name = email.partition("@")[0].lower()
    if len(set(password)) < 5 or (len(name) > 2 and name in password.lower()):
        raise WeakPassword("choose a password of at least five different characters, in which your address does not occur")
    if password == old:
        raise WeakPassword("choose another password than the one that you have had")
