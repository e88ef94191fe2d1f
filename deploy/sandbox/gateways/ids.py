"""Ids as gateways make them: a prefix and random letters and digits."""

import random
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int) -> str:
    """`prefix` and so many letters and digits behind it."""
    return prefix + "".join(random.choices(_ALPHABET, k=length))
