"""Settings that hold several keys, so that a key can be changed without a pause: `<id>:<secret>`, more behind commas.

The first one signs or encrypts, all are accepted.
"""

import base64
import binascii
import re
from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr

AES_KEY_BYTES: Final = 32
_KEY: Final = re.compile(r"([A-Za-z0-9_-]{1,16}):(\S+)")


def listed_keys(value: SecretStr) -> dict[str, str]:
    """The secrets by their ids, in their order. Raises ValueError."""
    found = [_KEY.fullmatch(part.strip()) for part in value.get_secret_value().split(",")]
    if not all(found):
        raise ValueError("write `<id>:<secret>`, several separated by commas")
    return {match[1]: match[2] for match in found if match is not None}


def aes_keys(value: SecretStr | None) -> dict[str, bytes]:
    """The keys by their ids; none where nothing is set. Raises ValueError for one that is not 32 bytes as base64."""
    keys = {}
    for name, secret in listed_keys(value).items() if value is not None else ():
        try:
            keys[name] = base64.b64decode(secret, validate=True)
        except binascii.Error:
            keys[name] = b""
        if len(keys[name]) != AES_KEY_BYTES:
            raise ValueError("each key is 32 bytes as base64; `openssl rand -base64 32` makes one")
    return keys


def _are_aes_keys(value: SecretStr) -> SecretStr:
    aes_keys(value)
    return value


AesKeys = Annotated[SecretStr, AfterValidator(_are_aes_keys)]
"""A setting that `aes_keys` reads."""
