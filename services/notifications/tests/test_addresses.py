"""One mailbox is one address to us, however it is written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.addresses import AddressHasher, normal, plain_spelling
from services.notifications.email.errors import AddressUnusable
from services.notifications.email.mime import mailbox

HASHER = AddressHasher(b"a key for the tests only")

SAME = [
    ('"quo.ted"@person.example', "quo.ted@person.example"),
    (r'"q\u\o.ted"@person.example', "quo.ted@person.example"),
    ('"Quo.Ted"@PERSON.example', "quo.ted@person.example"),
    (r'"a\,b"@person.example', '"a,b"@person.example'),
    (r'"a\@b"@person.example', '"a@b"@person.example'),
    ("jose\u0301@person.example", "jos\u00e9@person.example"),
    ("JOSE\u0301@person.example", "jos\u00e9@person.example"),
    ("ann@bu\u0308cher.example", "ann@b\u00fccher.example"),
    ("ann@b\u00fccher.example", "ann@xn--bcher-kva.example"),
    ("ann@fa\u00df.example", "ann@xn--fa-hia.example"),
    ("ann@\u0915\u094d\u200d\u0937.example", "ann@xn--11b2ezcw70k.example"),
]
DIFFERENT = [
    ("ann@fa\u00df.example", "ann@fass.example"),
    ('"a..b"@person.example', "a.b@person.example"),
    ('"a,b"@person.example', '"a.b"@person.example'),
    (r'"a\\b"@person.example', '"ab"@person.example'),
    (r'"a\"b"@person.example', '"ab"@person.example'),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_mailbox_has_one_hash_however_it_is_written(one: str, other: str) -> None:
    assert HASHER.hash("email", one) == HASHER.hash("email", other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_needs_its_quotes_stays_another_mailbox(one: str, other: str) -> None:
    assert HASHER.hash("email", one) != HASHER.hash("email", other)


LOCAL_PART = st.text(st.sampled_from("aB1.,;\"\\é@'+-"), min_size=1, max_size=12)


@given(LOCAL_PART)
def test_quoting_every_character_of_an_address_that_can_be_written_to_changes_nothing(local: str) -> None:
    address = f"{local}@person.example"
    try:
        mailbox(address)
    except AddressUnusable:
        return
    content = local if not local.startswith('"') else None
    spelt = plain_spelling(address)

    assert plain_spelling(spelt) == spelt == unicodedata.normalize("NFC", spelt)
    assert mailbox(spelt).address == spelt
    if content is not None:
        quoted = "".join(f"\\{character}" for character in content)
        assert normal("email", f'"{quoted}"@person.example') == normal("email", address)
