"""Amazon SNS's signing certificates: fetched from Amazon alone, once, and looked at before they are believed.

docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. That a certificate is Amazon's is proven by the host that
serves it over TLS: the file holds no chain of its own.
"""

import asyncio
import logging
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from services.notifications.callbacks.errors import CallbackNotCheckable, CallbackRefused

logger = logging.getLogger(__name__)

V = TypeVar("V")

TIMEOUT_S: Final = 5.0
"""Of a whole fetch."""
ANSWER_S: Final = 0.4
"""For which a call-back waits for a fetch, of which it can need two; then it is to come again, and finds what has been fetched
meanwhile."""
MAX_BYTES: Final = 64 * 1024
MAX_KEPT: Final = 32
AGAIN_AFTER_S: Final = 10.0
MAX_UNDER_WAY: Final = 4
MAX_PER_MINUTE: Final = 20
"""A region signs with one certificate at a time, which is fetched once."""
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
    """Fetches certificates and keeps them. One per process.

    Anybody who knows a topic's name can name certificates that are not there, so what is fetched and what is remembered have
    limits that do not depend on names. timer: seconds of a clock that never goes back. patience_s: how long a call-back waits.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic, *, patience_s: float = ANSWER_S) -> None:
        self._timer = timer
        self._patience_s = patience_s
        self._confirming: dict[str, asyncio.Task[None]] = {}
        self._confirmed: OrderedDict[str, bool] = OrderedDict()
        self._kept: OrderedDict[str, x509.Certificate] = OrderedDict()
        self._failed: OrderedDict[str, float] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[x509.Certificate]] = {}
        self._began: deque[float] = deque(maxlen=MAX_PER_MINUTE)

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        # One, because each reads all the authorities that it trusts. It keeps no connection: it is needed some times a year.
        return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, limits=httpx.Limits(max_keepalive_connections=0))

    async def key(self, url: str, now: datetime) -> RSAPublicKey:
        """The public key in the certificate at this URL, which has been checked.

        Raises CallbackNotCheckable where it cannot be fetched, and CallbackRefused where it is not to be believed.
        """
        certificate = self._kept.get(url)
        if certificate is None:
            certificate = await self._patiently(self._under_way.get(url) or self._begin(url))
        self._kept.move_to_end(url)
        return _believed(certificate, now)

    async def confirm(self, url: str) -> None:
        """Visit the address by which a subscription is confirmed. Raises CallbackNotCheckable."""
        if url in self._confirmed:
            return
        visit = self._confirming.get(url)
        if visit is None:
            self._confirming[url] = visit = asyncio.create_task(self._visit(url))
            visit.add_done_callback(partial(_done, self._confirming, url))
        await self._patiently(visit)

    async def _patiently(self, work: "asyncio.Task[V]") -> V:
        # Who stops waiting does not end it for the others, and finds it done when the message comes again.
        done, _ = await asyncio.wait([work], timeout=self._patience_s)
        if not done:
            raise CallbackNotCheckable("Amazon has not answered yet; send it again later")
        return work.result()

    async def _get(self, url: str) -> bytes:
        """The body of a small answer with 200, without following anybody elsewhere.

        Raises TimeoutError, httpx.HTTPError and ValueError.
        """
        async with asyncio.timeout(TIMEOUT_S), self._client.stream("GET", url) as answer:
            if answer.status_code != httpx.codes.OK:
                raise ValueError(f"answered {answer.status_code}")
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MAX_BYTES:
                    raise ValueError("the answer is too large")
            return bytes(body)

    def _begin(self, url: str) -> "asyncio.Task[x509.Certificate]":
        """Raises CallbackNotCheckable where nothing may be fetched now."""
        now = self._timer()
        # Who sends many broken messages must not make us ask Amazon as often.
        if self._failed.get(url, now) > now:
            raise CallbackNotCheckable("the signing certificate could not be fetched a moment ago; send it again later")
        is_full = len(self._began) == MAX_PER_MINUTE and now - self._began[0] < 60
        if is_full or len(self._under_way) >= MAX_UNDER_WAY:
            logger.warning("sns_certificate_fetches_limited")
            raise CallbackNotCheckable("too many signing certificates are being fetched; send it again later")
        self._began.append(now)
        self._under_way[url] = fetch = asyncio.create_task(self._fetch(url))
        fetch.add_done_callback(partial(_done, self._under_way, url))
        return fetch

    async def _visit(self, url: str) -> None:
        try:
            await self._get(url)
        except (TimeoutError, httpx.HTTPError, ValueError) as error:
            logger.warning("sns_subscription_not_confirmed", exc_info=error)
            raise CallbackNotCheckable("the subscription could not be confirmed; send it again later") from None
        _put(self._confirmed, url, value=True)

    async def _fetch(self, url: str) -> x509.Certificate:
        try:
            certificate = x509.load_pem_x509_certificate(await self._get(url))
        except (TimeoutError, httpx.HTTPError, ValueError):
            _put(self._failed, url, self._timer() + AGAIN_AFTER_S)
            raise CallbackNotCheckable("the signing certificate could not be fetched; send it again later") from None
        # Also where nobody waits for it any more: who comes next finds it.
        _put(self._kept, url, certificate)
        return certificate


def _done(under_way: dict[str, "asyncio.Task[V]"], url: str, work: "asyncio.Task[V]") -> None:
    del under_way[url]
    if not work.cancelled():
        # All who waited may have stopped, and then nobody else looks at what went wrong.
        work.exception()


def _put(remembered: OrderedDict[str, V], url: str, value: V) -> None:
    """Remember it as the newest; the oldest is forgotten where there are too many."""
    remembered[url] = value
    remembered.move_to_end(url)
    if len(remembered) > MAX_KEPT:
        remembered.popitem(last=False)


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
