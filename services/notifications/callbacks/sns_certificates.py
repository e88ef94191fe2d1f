"""Amazon SNS's signing certificates: fetched from Amazon alone, once, and looked at before they are believed.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. That a certificate is Amazon's is proven by the host that
serves it over TLS: the file holds no chain of its own.
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from services.notifications.callbacks.errors import CallbackNotCheckable, CallbackRefused

TIMEOUT_S: Final = 3.0
MAX_BYTES: Final = 64 * 1024
MAX_KEPT: Final = 32
AGAIN_AFTER_S: Final = 10.0
MIN_KEY_BITS: Final = 2048
_HOST: Final = re.compile(r"sns\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?")
_PATH: Final = re.compile(r"/SimpleNotificationService-[0-9A-Za-z]{1,100}\.pem")
_SUBJECT: Final = re.compile(r"sns[a-z0-9.-]*\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where SNS of one region may be reached. stand_in: what is in the place of Amazon's own scheme and host, for the sandbox."""

    region: str
    stand_in: str | None = None

    def certificate_url(self, url: str) -> str:
        """Where the certificate is fetched. Raises CallbackRefused unless the URL is one of Amazon's, and of this region."""
        parts = _split(url)
        if self.stand_in is not None:
            name = parts.path[parts.path.rfind("/") :]
            if not _PATH.fullmatch(name):
                raise CallbackRefused("foreign_certificate")
            return self.stand_in.rstrip("/") + name
        if not self._is_amazons(parts) or not _PATH.fullmatch(parts.path) or parts.query or parts.fragment:
            raise CallbackRefused("foreign_certificate")
        return url

    def subscribe_url(self, url: str) -> str:
        """Where a subscription is confirmed. Raises CallbackRefused unless the URL is one of Amazon's, and of this region."""
        parts = _split(url)
        if self.stand_in is not None:
            return f"{self.stand_in.rstrip('/')}/?{parts.query}"
        if not self._is_amazons(parts) or parts.path not in ("", "/"):
            raise CallbackRefused("foreign_subscription")
        return url

    def _is_amazons(self, parts: SplitResult) -> bool:
        # The whole of host, port and login: a name in front of an @ is none of Amazon's.
        match = _HOST.fullmatch(parts.netloc)
        return parts.scheme == "https" and match is not None and match[1] == self.region


class SnsCertificates:
    """Fetches certificates and keeps them. One per process."""

    def __init__(self) -> None:
        self._kept: dict[str, x509.Certificate] = {}
        self._failed: dict[str, float] = {}

    async def key(self, url: str, now: datetime) -> RSAPublicKey:
        """The public key in the certificate at this URL, which has been checked.

        Raises CallbackNotCheckable where it cannot be fetched, and CallbackRefused where it is not to be believed.
        """
        certificate = self._kept.get(url)
        if certificate is None:
            certificate = await self._fetch(url)
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[url] = certificate
        return _believed(certificate, now)

    async def _fetch(self, url: str) -> x509.Certificate:
        # Who sends many broken messages must not make us ask Amazon as often.
        if self._failed.get(url, 0.0) > time.monotonic():
            raise CallbackNotCheckable("the signing certificate could not be fetched a moment ago; send it again later")
        try:
            return x509.load_pem_x509_certificate(await fetched(url))
        except (httpx.HTTPError, ValueError):
            if len(self._failed) >= MAX_KEPT:
                self._failed.clear()
            self._failed[url] = time.monotonic() + AGAIN_AFTER_S
            raise CallbackNotCheckable("the signing certificate could not be fetched; send it again later") from None


async def fetched(url: str) -> bytes:
    """The body of a small answer with 200, without following anybody elsewhere. Raises httpx.HTTPError and ValueError."""
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise ValueError(f"answered {answer.status_code}")
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise ValueError("the answer is too large")
        return bytes(body)


def _believed(certificate: x509.Certificate, now: datetime) -> RSAPublicKey:
    key = certificate.public_key()
    in_time = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    is_named = any(_SUBJECT.fullmatch(name) for name in _names(certificate))
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS or not in_time or not is_named:
        raise CallbackRefused("bad_certificate")
    return key


def _names(certificate: x509.Certificate) -> list[str]:
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return names
    return names + alternatives.value.get_values_for_type(x509.DNSName)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise CallbackRefused("foreign_certificate") from None
