"""Trip numbers: short enough for the phone, and telling nobody how many trips there are."""

import secrets
from datetime import date
from typing import Final

# Crockford's base 32: no letter is mistaken for a digit.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHARS: Final = 6


def new_number(day: date) -> str:
    """`T-260302-7K4FQ9`: the day, and one of a billion. That it is free, a unique key says; a counter would be a queue."""
    return f"T-{day:%y%m%d}-" + "".join(secrets.choice(_ALPHABET) for _ in range(_CHARS))
