"""X-Twilio-Signature (twilio.com/docs/usage/security#validating-requests)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """base64 of HMAC-SHA1 under the auth token, over the whole URL and each field's name and value, sorted by name."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()
