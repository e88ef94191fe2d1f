"""AWS Signature Version 4, for requests with a body that is known.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. Own code, because the one library for
httpx is abandoned; the tests compare it with botocore's signer.
"""

import hashlib
import hmac
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import httpx

from shared.runtime.clock import Clock

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_SPACES: Final = re.compile(r"\s+")
# What a proxy on the way may change or add; a signature over it would break there.
_UNSIGNED: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "expect",
        "transfer-encoding",
        "user-agent",
        "x-amzn-trace-id",
    }
)


@dataclass(frozen=True, slots=True)
class AwsKey:
    """An access key. session_token: of temporary credentials."""

    id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for: one day, one region, one service by its signing name (`ses` for Amazon SES)."""

    region: str
    service: str

    def on(self, timestamp: str) -> str:
        """The credential scope of a time in its basic format."""
        return f"{timestamp[:8]}/{self.region}/{self.service}/aws4_request"


def authorization(
    key: AwsKey, scope: Scope, *, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> str:
    """The Authorization header of a request.

    path, query: as they go over the wire, percent-encoded (spaces in a query as %20). headers: all that are to be signed, with
    `host` and `x-amz-date` (basic format, UTC) among them.
    """
    signed = {name.lower(): _SPACES.sub(" ", value).strip() for name, value in headers.items()}
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        [
            method,
            # Every service but S3 wants the path encoded once more (same page, "canonical URI").
            quote(path or "/", safe="/~"),
            _canonical_query(query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    timestamp = signed["x-amz-date"]
    to_sign = "\n".join([_ALGORITHM, timestamp, scope.on(timestamp), hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(_signing_key(key, scope, timestamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={key.id}/{scope.on(timestamp)}, SignedHeaders={names}, Signature={signature}"


class SigV4(httpx.Auth):
    """Signs each request as it is about to go over the wire."""

    requires_request_body = True

    def __init__(self, key: AwsKey, scope: Scope, clock: Clock) -> None:
        self._key = key
        self._scope = scope
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["X-Amz-Date"] = self._clock().strftime("%Y%m%dT%H%M%SZ")
        if self._key.session_token is not None:
            request.headers["X-Amz-Security-Token"] = self._key.session_token
        path, _, query = request.url.raw_path.decode().partition("?")
        request.headers["Authorization"] = authorization(
            self._key,
            self._scope,
            method=request.method,
            path=path,
            query=query,
            headers={name: value for name, value in request.headers.items() if name not in _UNSIGNED},
            body=request.content,
        )
        yield request


def _canonical_query(query: str) -> str:
    pairs = sorted((name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair))
    return "&".join(f"{name}={value}" for name, value in pairs)


def _signing_key(key: AwsKey, scope: Scope, day: str) -> bytes:
    secret = f"AWS4{key.secret}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    return secret
