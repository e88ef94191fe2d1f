"""Settings that hold several keys."""

import pytest
from pydantic import SecretStr

from shared.runtime.key_lists import aes_keys, listed_keys

ZEROS = "A" * 43 + "="


def test_keys_keep_their_order_because_the_first_one_signs() -> None:
    assert list(listed_keys(SecretStr("b:2, a:1")).items()) == [("b", "2"), ("a", "1")]
    assert aes_keys(SecretStr(f"e1:{ZEROS}")) == {"e1": bytes(32)}
    assert aes_keys(None) == {}


@pytest.mark.parametrize("text", ["", "secret", "a:1,", "a b:1", "a:1 2", f"{'a' * 17}:1"])
def test_list_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write `<id>:<secret>`"):
        listed_keys(SecretStr(text))


@pytest.mark.parametrize("secret", ["c2hvcnQ=", "not base64!".replace(" ", ""), ZEROS[:-4]])
def test_key_of_another_length_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="32 bytes as base64"):
        aes_keys(SecretStr(f"e1:{secret}"))
