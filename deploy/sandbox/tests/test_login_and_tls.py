"""STARTTLS, TLS from the first byte, and logins, for tests of senders."""

import ssl
from typing import Any

import aiosmtplib
import pytest

from deploy.sandbox.tests.conftest import SENDER, Harness, Start

TLS_OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "starttls": {"start_tls": True},
    "tls": {"start_tls": None, "use_tls": True},
}


async def _trusting(sandbox: Harness) -> ssl.SSLContext:
    pem = await sandbox.http.get("/smtp/certificate.pem")
    return ssl.create_default_context(cadata=pem.text)


async def _send(sandbox: Harness, **options: Any) -> dict[str, Any]:
    async with sandbox.smtp(**options) as client:
        await client.sendmail(SENDER, ["ann@example.com"], b"hello")
    mail: dict[str, Any] = await sandbox.get("/mail/1")
    return mail


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_client_that_verifies_the_certificate_sends_under_tls(start: Start, mode: str) -> None:
    sandbox = await start(smtp_tls=mode)
    mail = await _send(sandbox, tls_context=await _trusting(sandbox), **TLS_OPTIONS[mode])
    assert (mail["tls"], mail["login"]) == (True, None)


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_client_that_does_not_know_the_certificate_refuses_it(start: Start, mode: str) -> None:
    sandbox = await start(smtp_tls=mode)
    with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
        await _send(sandbox, tls_context=ssl.create_default_context(), **TLS_OPTIONS[mode])
    assert await sandbox.count() == 0


async def test_without_starttls_nothing_is_taken_where_it_is_demanded(start: Start) -> None:
    sandbox = await start(smtp_tls="starttls")
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await _send(sandbox)
    assert refused.value.code == 530


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
@pytest.mark.parametrize("method", ["auth_plain", "auth_login"])
async def test_the_right_login_is_taken_and_noted(start: Start, tls: str, method: str) -> None:
    sandbox = await start(smtp_tls=tls, smtp_user="waybill", smtp_password="right")
    options = TLS_OPTIONS[tls]
    async with sandbox.smtp(**options, validate_certs=False) as client:
        await client.ehlo()
        await getattr(client, method)("waybill", "right")
        await client.sendmail(SENDER, ["ann@example.com"], b"hello")
    mail = await sandbox.get("/mail/1")
    assert (mail["login"], mail["tls"]) == ("waybill", tls != "none")


async def test_a_wrong_login_or_none_is_refused(start: Start) -> None:
    sandbox = await start(smtp_user="waybill", smtp_password="right")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as wrong:
        await _send(sandbox, username="waybill", password="wrong")
    with pytest.raises(aiosmtplib.SMTPResponseException) as missing:
        await _send(sandbox)
    assert (wrong.value.code, missing.value.code) == (535, 530)
    assert await sandbox.count() == 0


async def test_no_login_is_offered_where_none_is_configured(sandbox: Harness) -> None:
    async with sandbox.smtp() as client:
        await client.ehlo()
        assert not client.supports_extension("auth")
        assert client.supports_extension("size")
        assert client.supports_extension("smtputf8")
