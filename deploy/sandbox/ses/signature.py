"""Checks AWS Signature Version 4 of a request as it came over the wire.

Written down here a second time on purpose: a stand-in that used the service's own signer would agree with its mistakes.
docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from fastapi import Request

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)
_SKEW = timedelta(minutes=15)


class NotSigned(Exception):
    """A request without a signature that is good. kind: SES's name of the error."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


def check(request: Request, body: bytes, *, key_id: str, secret: str, region: str, service: str, now: datetime) -> None:
    """Raise NotSigned unless the request is signed with the key, for the region and the service, at about this time."""
    header = _HEADER.fullmatch(request.headers.get("Authorization", ""))
    if header is None:
        raise NotSigned("MissingAuthenticationTokenException", "Missing Authentication Token")
    key, day, in_region, for_service, names, signature = header.groups()
    if key != key_id:
        raise NotSigned("UnrecognizedClientException", "The security token included in the request is invalid.")
    if (in_region, for_service) != (region, service):
        raise NotSigned("InvalidSignatureException", f"Credential should be scoped to region {region} and service {service}.")
    timestamp = request.headers.get("X-Amz-Date", "")
    _check_time(timestamp, day, now)
    signed = names.split(";")
    missing = {"host", "x-amz-date"} - set(signed)
    if missing or signed != sorted(signed):
        raise NotSigned("InvalidSignatureException", "host and x-amz-date must be signed, and names stand in their order.")
    scope = f"{day}/{in_region}/{for_service}/aws4_request"
    canonical = _canonical(request, body, signed)
    to_sign = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    wanted = _hmac(_key(secret, day, in_region, for_service), to_sign).hex()
    if not hmac.compare_digest(wanted, signature):
        message = "The request signature we calculated does not match the signature you provided."
        raise NotSigned("InvalidSignatureException", f"{message} The canonical request is:\n{canonical}")


def _check_time(timestamp: str, day: str, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise NotSigned("InvalidSignatureException", "Date must be in ISO-8601 'basic format'.") from None
    if timestamp[:8] != day:
        raise NotSigned("InvalidSignatureException", "Date in Credential scope does not match the date of the request.")
    if abs(now - signed_at) > _SKEW:
        raise NotSigned("InvalidSignatureException", f"Signature expired: {timestamp} is not within 15 minutes of now.")


def _canonical(request: Request, body: bytes, names: list[str]) -> str:
    raw_path: bytes = request.scope["raw_path"]
    raw_query: bytes = request.scope["query_string"]
    pairs = sorted(tuple(part.split("=", 1)) if "=" in part else (part, "") for part in raw_query.decode().split("&") if part)
    return "\n".join(
        [
            request.method,
            quote(raw_path.decode(), safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{_header(request.headers, name)}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )


def _header(headers: Mapping[str, str], name: str) -> str:
    return " ".join(headers.get(name, "").split())


def _key(secret: str, *parts: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*parts, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
