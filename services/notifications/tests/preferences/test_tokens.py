"""Tokens and links: what we have made is read, and nothing else."""

from typing import Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.preferences.errors import TokenInvalid
from services.notifications.preferences.links import Links
from services.notifications.preferences.tokens import LinkSubject, LinkTokens
from services.notifications.settings import NotificationsSettings

OLD, NEW = {"k1": b"a secret of sixteen or more"}, {"k2": b"another secret, also long"}
TOKENS: Final = LinkTokens(OLD)
ASHA: Final = LinkSubject("email", "marketing", UUID(int=5), person="payments.customer:42")
SOMEBODY: Final = LinkSubject("sms", "reminders", address_hash="0" * 32)
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~ é"


@pytest.mark.parametrize("subject", [ASHA, SOMEBODY])
def test_token_says_whom_it_is_about_and_which_key_has_signed_it(subject: LinkSubject) -> None:
    read = TOKENS.read(TOKENS.token_for(subject))

    assert (read.subject, read.key_id) == (subject, "k1")


def test_token_is_short_and_safe_in_urls() -> None:
    token = TOKENS.token_for(ASHA)

    assert len(token) < 150
    assert set(token) <= set(ALPHABET[:65])


@given(st.text(min_size=1, max_size=150), st.sampled_from(["email", "sms", "in_app"]), st.uuids() | st.none())
def test_every_person_comes_out_as_it_went_in(person: str, channel: str, organization_id: UUID | None) -> None:
    subject = LinkSubject(channel, "digests", organization_id, person=person)

    assert TOKENS.read(TOKENS.token_for(subject)).subject == subject


@given(st.data())
def test_any_altered_token_is_refused(data: st.DataObject) -> None:
    token = TOKENS.token_for(ASHA)
    place = data.draw(st.integers(0, len(token)))
    length = data.draw(st.integers(0, 3))
    altered = token[:place] + data.draw(st.text(ALPHABET, max_size=3)) + token[place + length :]

    if altered != token:
        with pytest.raises(TokenInvalid):
            TOKENS.read(altered)


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(text)


def test_all_keys_are_accepted_and_the_first_one_signs() -> None:
    rotated = LinkTokens(NEW | OLD)

    assert rotated.read(TOKENS.token_for(ASHA)).key_id == "k1"
    assert rotated.read(rotated.token_for(ASHA)).key_id == "k2"
    with pytest.raises(TokenInvalid):
        TOKENS.read(rotated.token_for(ASHA))


def test_same_key_id_with_another_secret_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        LinkTokens({"k1": b"not the secret that it was"}).read(TOKENS.token_for(ASHA))


def test_link_is_about_one_person_or_one_address() -> None:
    for person, address_hash in ((None, None), ("a.b:1", "0" * 32)):
        with pytest.raises(ValueError, match="about a person or about an address"):
            TOKENS.token_for(LinkSubject("email", "marketing", None, person, address_hash))


def test_headers_offer_one_click_over_https_and_a_bare_link_without(settings: NotificationsSettings) -> None:
    token = TOKENS.token_for(ASHA)
    secure = Links(settings.model_copy(update={"backend_url": "https://api.example.com/n/"}), TOKENS)
    plain = Links(settings.model_copy(update={"backend_url": "http://localhost:8002"}), TOKENS)

    assert secure.unsubscribe_headers(ASHA) == (
        ("List-Unsubscribe", f"<https://api.example.com/n/v1/unsubscribe/{token}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    assert secure.unsubscribe_headers(ASHA, "bounce+1-2@b.example.com") == (
        (
            "List-Unsubscribe",
            f"<https://api.example.com/n/v1/unsubscribe/{token}>, <mailto:bounce+1-2@b.example.com?subject=unsubscribe>",
        ),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    assert plain.unsubscribe_headers(ASHA) == (("List-Unsubscribe", f"<http://localhost:8002/v1/unsubscribe/{token}>"),)
    assert secure.preferences_url(ASHA) == f"https://api.example.com/n/v1/preferences/{token}"
