"""Secrets at rest: sealed under the first key, opened under any, and bound to the row that they belong to."""

from uuid import UUID

import pytest

from shared.runtime.payload_box import PayloadBox
from shared.runtime.vault import NoEncryption, Vault

ONE, OTHER = UUID(int=1), UUID(int=2)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
SECRETS = {"key_secret": "s3cret"}


def test_credentials_open_under_an_older_key_and_are_sealed_under_the_first() -> None:
    key_id, sealed = Vault({"old": OLD}).seal(ONE, SECRETS)
    rotated = Vault({"new": NEW, "old": OLD})

    assert (key_id, b"s3cret" in sealed) == ("old", False)
    assert rotated.open(ONE, key_id, sealed) == SECRETS
    assert rotated.seal(ONE, SECRETS)[0] == "new"


def test_credentials_open_for_their_own_account_alone() -> None:
    vault = Vault({"old": OLD})
    key_id, sealed = vault.seal(ONE, SECRETS)

    for other, keys in ((OTHER, vault), (ONE, Vault({"old": NEW})), (ONE, Vault({"new": OLD}))):
        with pytest.raises(NoEncryption):
            keys.open(other, key_id, sealed)


def test_nothing_is_kept_without_a_key() -> None:
    with pytest.raises(NoEncryption, match="set ENCRYPTION_KEYS"):
        Vault({}).seal(ONE, SECRETS)


def test_payload_opens_for_its_own_row_alone_and_is_only_packed_without_a_key() -> None:
    box, plain = PayloadBox({"old": OLD}), PayloadBox({})
    key_id, sealed = box.seal(ONE, b"{}" * 100)
    no_key, packed = plain.seal(ONE, b"{}" * 100)

    assert (key_id, no_key) == ("old", None)
    assert box.open(ONE, key_id, sealed) == box.open(ONE, no_key, packed) == b"{}" * 100
    assert box.open(OTHER, key_id, sealed) is None
    assert plain.open(ONE, key_id, sealed) is None
