"""SCRAM-SHA-256 verifiers (RFC 5803) as PostgreSQL stores them: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>."""

import base64
import hashlib
import hmac
import os

ITERATIONS = 4096


def verifier(password: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """What PostgreSQL would store for the password. ASCII passwords only, so SASLprep changes nothing."""
    if not password.isascii() or not password.isprintable():
        raise ValueError("a database password must be printable ASCII")
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def matches(stored: str | None, password: str) -> bool:
    """Whether `stored` is a verifier of the password; never true for one of another kind."""
    try:
        scheme, parameters, _ = (stored or "").split("$")
        iterations, salt = parameters.split(":")
    except ValueError:
        return False
    if scheme != "SCRAM-SHA-256":
        return False
    return hmac.compare_digest(verifier(password, salt=base64.b64decode(salt), iterations=int(iterations)), stored or "")
