"""How providers prove that a call-back is theirs. Everything is checked over the bytes as they came."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from services.notifications.callbacks.errors import CallbackRefused

MAX_FIELDS: Final = 200
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


class SendGridSignature:
    """ECDSA with P-256 and SHA-256 over the time and the body, each as it came.

    SendGrid sends for up to 24 hours what was not taken, so an old time is no reason to refuse. An event that comes again is
    known by its id.
    key: the public key as SendGrid's console shows it: SPKI in base64.
    """

    def __init__(self, key: str) -> None:
        self._key = event_key(key)

    def check(self, body: bytes, signature: str | None, timestamp: str | None) -> None:
        """Raises CallbackRefused."""
        if not signature or not timestamp:
            raise CallbackRefused("unsigned")
        try:
            self._key.verify(base64.b64decode(signature, validate=True), timestamp.encode() + body, ec.ECDSA(SHA256()))
        except (InvalidSignature, binascii.Error, ValueError):
            raise CallbackRefused("bad_signature") from None


def event_key(key: str) -> ec.EllipticCurvePublicKey:
    """The public key as SendGrid's console shows it: SPKI in base64. Raises ValueError."""
    try:
        found = load_der_public_key(base64.b64decode(key, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise ValueError("is no elliptic curve key; copy the verification key from SendGrid's console")
    return found


class TwilioSignature:
    """HMAC-SHA1 over the public URL and the sorted fields of a form; of any other body, its SHA-256 is part of the URL."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def of(self, url: str, fields: Iterable[tuple[str, str]]) -> str:
        """The signature of a request. A field that is there twice with the same value counts once."""
        text = url + "".join(name + value for name, value in sorted(set(fields)))
        digest = hmac.new(self._token, text.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
        return base64.b64encode(digest).decode()

    def check(self, url: str, body: bytes, signature: str | None) -> list[tuple[str, str]]:
        """The fields of the form; empty where the body is none. Raises CallbackRefused.

        url: as Twilio knows it, with its query.
        """
        if not signature:
            raise CallbackRefused("unsigned")
        expected_hash = parse_qs(urlsplit(url).query).get("bodySHA256")
        fields: list[tuple[str, str]] = []
        if expected_hash is None:
            fields = form_fields(body)
        elif not _same(hashlib.sha256(body).hexdigest(), expected_hash[0].lower()):
            raise CallbackRefused("bad_signature")
        # Twilio signs the URL with its port, or without: nobody can tell which.
        if not any(_same(self.of(variant, fields), signature) for variant in _with_and_without_port(url)):
            raise CallbackRefused("bad_signature")
        return fields


def check_secret(given: str | None, secret: str) -> bool:
    """Whether somebody knows the secret, in a time that does not tell how much of it."""
    return given is not None and _same(given, secret)


def form_fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form, those without a value included. Raises CallbackRefused for what is none."""
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise CallbackRefused("no_form") from None


def _with_and_without_port(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host, port = parts.netloc.partition(":")[0], parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts._replace(netloc=f"{host}:{port}").geturl(), parts._replace(netloc=host).geturl()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
