"""The few headers that a mail is filed under, read without parsing the mail: this runs for each mail that arrives."""

import re
from email.header import decode_header

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_MAX_BLOCK = 65_536
_MAX_VALUE = 2_000


def header_block(raw: bytes) -> bytes:
    """The bytes before the first empty line, at most 64 KB of them."""
    if raw.startswith((b"\r\n", b"\n")):
        return b""
    end = _END_OF_HEADERS.search(raw, 0, _MAX_BLOCK)
    return raw[: end.start() if end else _MAX_BLOCK]


def header_value(block: bytes, name: bytes) -> str | None:
    """The first header of that name, unfolded and decoded, at most 2,000 characters; None where there is none or it is empty."""
    found = re.search(rb"(?:\A|\n)" + name + rb"[ \t]*:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", block, re.IGNORECASE)
    if found is None:
        return None
    return decoded(found[1][: _MAX_VALUE * 4])[:_MAX_VALUE] or None


def decoded(value: bytes) -> str:
    """A header's value as text: unfolded, encoded words (RFC 2047) decoded, whatever the bytes are."""
    unfolded = re.sub(rb"\r?\n(?=[ \t])", b"", value).strip()
    text = as_text(unfolded, None)
    return decoded_words(text) if "=?" in text else text


def decoded_words(text: str) -> str:
    """Encoded words decoded; what cannot be decoded stays as it is written."""
    try:
        parts = decode_header(text)
    except Exception:  # noqa: BLE001 -- the standard library's parser raises many kinds; a strange header is shown, never an error
        return text
    return "".join(part if isinstance(part, str) else as_text(part, charset) for part, charset in parts)


def as_text(data: bytes, charset: str | None) -> str:
    """Bytes as text in the charset that is named, else UTF-8, else Latin-1: never an error, and always encodable as UTF-8."""
    for candidate in (charset, "utf-8"):
        try:
            if candidate:
                return data.decode(candidate).encode("utf-8", "replace").decode()
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")
