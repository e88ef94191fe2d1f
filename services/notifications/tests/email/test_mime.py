"""What is written is what the standard library's parser reads, and nothing that a sender writes can become a header."""

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import Content, compose, mailbox, sender_mailbox, single_line

SENDER = sender_mailbox("Waybill <waybill@example.com>")
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REFERENCE = "019a9f5f-1100-7aa0-8c3d-6f7e8d9c0b1a"
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Entity-Ref-ID",
    "MIME-Version",
    "Content-Type",
]


def composed(content: Content, to: str = "ann@example.com", name: str | None = None) -> bytes:
    recipient = mailbox(to, name)
    return compose(content, sender=SENDER, recipient=recipient, message_id="<m@example.com>", reference=REFERENCE, date=AT)


def read(raw: bytes) -> EmailMessage:
    """What a mail program sees. A defect in the MIME fails the test."""
    return email.message_from_bytes(raw, policy=email.policy.SMTPUTF8.clone(raise_on_defect=True))


def recipient_of(raw: bytes) -> tuple[str, str]:
    """Name and address in To. The new parser of Python 3.11 keeps the spaces between encoded words, against RFC 2047 §6.2."""
    name, address = parseaddr(str(email.message_from_bytes(raw)["To"]).replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def text_of(message: EmailMessage, kind: str) -> str:
    part: Any = message.get_body((kind,))
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def test_plain_mail_has_exactly_these_bytes() -> None:
    assert composed(Content("Late", "3 days.\n.\nSorry"), name="Ann").decode() == "\r\n".join(
        [
            'From: "Waybill" <waybill@example.com>',
            'To: "Ann" <ann@example.com>',
            "Subject: Late",
            "Date: Mon, 02 Mar 2026 09:00:00 +0000",
            "Message-ID: <m@example.com>",
            "Auto-Submitted: auto-generated",
            f"X-Entity-Ref-ID: {REFERENCE}",
            "MIME-Version: 1.0",
            'Content-Type: text/plain; charset="utf-8"',
            "Content-Transfer-Encoding: 7bit",
            "",
            "3 days.",
            ".",
            "Sorry",
            "",
        ]
    )


def test_html_is_an_alternative_after_the_text() -> None:
    message = read(composed(Content("Late", "Grüße", "<p>Grüße</p>")))

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert (text_of(message, "plain"), text_of(message, "html")) == ("Grüße\n", "<p>Grüße</p>\n")


def test_text_that_holds_the_boundary_stays_one_part() -> None:
    text = f"a\n--=_{REFERENCE}--\nb"
    message = read(composed(Content("s", text, "<p>x</p>")))

    assert (len(list(message.iter_parts())), text_of(message, "plain")) == (2, text + "\n")


def test_every_transfer_encoding_is_chosen_where_it_is_shortest() -> None:
    texts = {"7bit": "plain", "quoted-printable": "Grüße aus Köln, mit einem langen ASCII-Rest", "base64": "नमस्ते दुनिया"}
    texts_long = {"quoted-printable": "x" * 2000}

    for encoding, text in [*texts.items(), *texts_long.items()]:
        raw = composed(Content("s", text))
        assert read(raw)["Content-Transfer-Encoding"] == encoding
        assert text_of(read(raw), "plain") == text + "\n"
        assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "attack", ["a\r\nBcc: all@example.com", "a\nX: y", "a\rX: y", "a\x0bX", "a\x85X", "a\u2028X", "\r\n\r\nbody", "a\x00"]
)
def test_line_ends_in_subject_and_name_make_no_header(attack: str) -> None:
    raw = composed(Content(attack, "b"), name=attack)
    message = read(raw)

    assert [name for name, _ in message.items() if name != "Content-Transfer-Encoding"] == HEADERS
    assert message["Subject"] == single_line(attack)
    assert recipient_of(raw) == (single_line(attack), "ann@example.com")


ANY_LINE = st.text(min_size=1, max_size=200).filter(lambda text: text.isascii() or "\ufffd" not in text)


@given(subject=ANY_LINE, name=ANY_LINE, text=st.text(min_size=1, max_size=400))
def test_whatever_is_written_is_read_back(subject: str, name: str, text: str) -> None:
    raw = composed(Content(subject, text), name=name)
    message = read(raw)

    assert message["Subject"] == single_line(subject)
    assert recipient_of(raw) == (single_line(name), "ann@example.com")
    expected = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    assert text_of(message, "plain") == expected + ("" if expected.endswith("\n") else "\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize(
    "subject", ["=?utf-8?q?Sale?=", "word " * 90, "Zug verspätet " * 30, "x" * 490, "a " + "x" * 90, "x" * 67, "x" * 68]
)
def test_odd_subjects_are_folded_and_read_back(subject: str) -> None:
    assert read(composed(Content(subject, "b")))["Subject"] == single_line(subject)


@pytest.mark.parametrize("name", ['Ann "the desk" O\\Neil', "Müller, Ann", "Ann <x@evil.example>", "अनन्या " * 20, "a,b;c:d"])
def test_odd_names_stay_one_address(name: str) -> None:
    raw = composed(Content("s", "b"), name=name)

    assert recipient_of(raw) == (single_line(name), "ann@example.com")
    assert [address.addr_spec for address in read(raw)["To"].addresses] == ["ann@example.com"]


def test_international_domain_becomes_ascii_and_an_international_name_is_marked() -> None:
    domain, name = mailbox("ann@bücher.example"), mailbox("büro@example.com", "Büro")

    assert (domain.address, domain.international) == ("ann@xn--bcher-kva.example", False)
    # By IDNA 2003 it would be somebody else's fass.example.
    assert mailbox("ann@faß.example").address == "ann@xn--fa-hia.example"
    assert (name.address, name.international) == ("büro@example.com", True)
    assert "<büro@example.com>".encode() in composed(Content("s", "b"), "büro@example.com", "Büro")


@pytest.mark.parametrize(
    "address",
    [
        "ann",
        "@example.com",
        "ann@",
        "a>b@example.com",
        "a,b@example.com",
        "a..b@example.com",
        ".a@example.com",
        "ann@exa_mple..com",
        "ann@-x.example",
        "ann@example.com>",
        "a\u202eb@example.com",
        f"{'a' * 65}@example.com",
        f"ann@{'a' * 64}.example",
        f"ann@{'a.' * 130}example",
        "ann@ex<>.com",
        "ann@\u3002com",
    ],
)
def test_address_that_no_server_could_take_is_refused_without_quoting_it(address: str) -> None:
    with pytest.raises(AddressUnusable) as refused:
        mailbox(address)

    assert address not in refused.value.detail


@pytest.mark.parametrize("address", ["ann@localhost", "o'neil+tag@sub.example.co", '"a,b"@example.com', "x_y@a-b.example"])
def test_unusual_but_valid_addresses_are_taken(address: str) -> None:
    assert mailbox(address).address == address
