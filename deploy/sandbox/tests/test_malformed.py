"""Mails that are no proper mails are kept and shown, whatever their bytes."""

import asyncio
import random

import aiosmtplib
import pytest

from deploy.sandbox.mailbox import mime
from deploy.sandbox.mailbox.receipt import mail_receipt
from deploy.sandbox.tests.conftest import Harness

SAMPLES = {
    "nothing at all": b"",
    "no headers": b"just text\r\n",
    "starts with an empty line": b"\r\nbody\r\n",
    "8-bit header and body": b"Subject: caf\xe9\r\n\r\n\xff\xfe body\r\n",
    "unknown charset": b"Content-Type: text/plain; charset=klingon\r\n\r\nqapla\r\n",
    "unknown charset in a header": b"Subject: =?klingon?q?qapla?=\r\n\r\n.\r\n",
    "broken encoded word": b"Subject: =?utf-8?b?!!!?=\r\n\r\n.\r\n",
    "broken base64": b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n",
    "multipart without a boundary": b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\nhello\r\n",
    "multipart without an end": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n",
    "broken parameters": b"Content-Type: text/plain; charset*0*=x'; name*=''%zz\r\nMessage-ID: not an id\r\n\r\n.\r\n",
    "huge header": b"Subject: " + b"x" * 1_000_000 + b"\r\nX-After: 1\r\n\r\nbody\r\n",
    "huge line": b"Subject: s\r\n\r\n" + b"y" * 2_000_000 + b"\r\n",
    "lines of dots": b"Subject: s\r\n\r\n.\r\n..\r\n.hidden\r\n\r\n.\r\n",
    "bare line feeds": b"Subject: s\n\nbody\n",
    "NUL bytes": b"Subject: a\x00b\r\n\r\n\x00\r\n",
    "nested too deep": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1500)),
}


@pytest.mark.parametrize("name", SAMPLES)
async def test_a_malformed_mail_is_kept_and_shown(sandbox: Harness, name: str) -> None:
    await sandbox.send("ann@example.com", SAMPLES[name])
    kept = (await sandbox.http.get("/mail/1/raw")).content
    shown = await sandbox.get("/mail/1")
    normalized = SAMPLES[name].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert kept.removesuffix(b"\r\n") == normalized.removesuffix(b"\r\n")
    assert shown["size_bytes"] == len(kept)
    assert (await sandbox.get("/mail"))["items"][0]["id"] == 1


async def test_any_bytes_can_be_filed_and_read() -> None:
    seeded = random.Random(20_931)
    pieces = [
        *SAMPLES.values(),
        b"Content-Type: ",
        b"multipart/mixed; boundary=x",
        b"--x",
        b"\r\n",
        b"\r\n\r\n",
        b"=?utf-8?q?",
        b"?=",
    ]
    for _ in range(300):
        raw = b"".join(seeded.choice(pieces)[:200] for _ in range(seeded.randrange(1, 12))) + seeded.randbytes(20)
        receipt = mail_receipt("smtp", "", ("a@example.com",), raw, {})
        content = mime.read(raw)
        mime.viewable_html(content)
        texts = [receipt.subject, receipt.reference or "", content.text or "", *(value for _, value in content.headers)]
        assert all(text.encode() is not None for text in texts)


async def test_an_encoded_and_folded_subject_is_filed_as_text(sandbox: Harness) -> None:
    await sandbox.send("ann@example.com", b"X-Subject: no\r\nSubject:\r\n =?utf-8?b?VmVyc3DDpHR1bmc=?=\r\n of today\r\n\r\n.\r\n")
    assert (await sandbox.get("/mail"))["items"][0]["subject"] == "Verspätung of today"


async def test_a_mail_of_25_mb_is_taken_and_a_larger_one_refused(sandbox: Harness) -> None:
    line = b"z" * 1022 + b"\r\n"
    exact = line * (25 * 1024)
    async with sandbox.smtp() as client:
        await client.sendmail("a@example.com", ["b@example.com"], exact)
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as announced:
            await client.sendmail("a@example.com", ["b@example.com"], exact + line)
        await client.rset()
        await client.mail("a@example.com")
        await client.rcpt("b@example.com")
        with pytest.raises(aiosmtplib.SMTPDataError) as unannounced:
            await client.data(exact + b"z\r\n")
        await client.sendmail("a@example.com", ["b@example.com"], b"after\r\n")
    assert (announced.value.code, unannounced.value.code) == (552, 552)
    assert [mail["size_bytes"] for mail in (await sandbox.get("/mail"))["items"]] == [7, 25 * 1024 * 1024]


async def _talk(port: int, *lines: bytes) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = [await reader.readline()]
    for line in lines:
        writer.write(line)
        answers.append(await asyncio.wait_for(reader.readline(), 10))
    writer.close()
    await writer.wait_closed()
    return [answer[:3] for answer in answers]


async def test_commands_out_of_order_or_malformed_are_refused_and_the_session_goes_on(sandbox: Harness) -> None:
    answers = await _talk(
        sandbox.smtp_port,
        *(b"DATA\r\n", b"HELO x\r\n", b"DATA\r\n", b"MAIL FROM:<@>\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<>\r\n"),
        *(
            b"RCPT TO:nobody\r\n",
            b"\xff\xfe\r\n",
            b"NONSENSE\r\n",
            b"X" * 100_000 + b"\r\n",
            b"RCPT TO:<caf\xe9@example.com>\r\n",
        ),
        *(b"DATA x\r\n", b"DATA\r\n", b".\r\n", b"QUIT\r\n"),
    )
    expected = [220, 503, 250, 503, 553, 250, 501, 250, 500, 500, 500, 250, 501, 354, 250, 221]
    assert [int(answer) for answer in answers] == expected
    mail = await sandbox.get("/mail/1")
    assert mail["envelope"] == {"mail_from": "", "rcpt_to": ["nobody", "caf�@example.com"]}
    assert mail["size_bytes"] == 0


async def test_a_pipelined_mail_in_small_pieces_is_put_together(sandbox: Harness) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.smtp_port)
    session = b"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\r\n..dot.\r\n.\r\nQUIT\r\n"
    for byte in session:
        writer.write(bytes([byte]))
        await writer.drain()
    answers = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert [line[:3] for line in answers.splitlines()] == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert (await sandbox.http.get("/mail/1/raw")).content == b"\r\r\n.dot.\r\n"
