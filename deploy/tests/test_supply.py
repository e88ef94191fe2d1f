"""Known weaknesses and keys in files are found, and what could not be asked is not taken for found well."""

import json
import subprocess
from pathlib import Path

import pytest

from deploy.validation.supply import DETECT_SECRETS, PIP_AUDIT, NothingSaid, keys_left_lying, read_audit, vulnerabilities

WEAKNESS = {"id": "PYSEC-2024-1", "fix_versions": ["2.0.1"], "aliases": [], "description": ""}
SOUND = {"name": "celery", "version": "5.7.0", "vulns": []}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited: ours (1.0)"}


def said(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", folder, *words], check=True)  # noqa: S607 # the one that is installed


def test_each_weakness_is_a_sentence() -> None:
    weak = {"name": "redis", "version": "2.0.0", "vulns": [WEAKNESS, WEAKNESS | {"id": "PYSEC-2", "fix_versions": []}]}

    assert read_audit(said(SOUND, weak)) == (
        2,
        ["redis 2.0.0: PYSEC-2024-1, mended in 2.0.1", "redis 2.0.0: PYSEC-2, not mended yet"],
    )


def test_a_package_that_nobody_knows_was_not_audited() -> None:
    assert read_audit(said(SOUND, UNKNOWN)) == (1, [UNKNOWN["skip_reason"]])
    with pytest.raises(NothingSaid, match="of 2 packages not one is known"):
        read_audit(said(UNKNOWN, UNKNOWN))


@pytest.mark.skipif(PIP_AUDIT.path() is None, reason=f"pip-audit is not installed: {PIP_AUDIT.got}")
def test_where_nobody_answers_nothing_was_audited(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")

    with pytest.raises(NothingSaid, match="Unable to connect to proxy"):
        vulnerabilities()


@pytest.mark.skipif(DETECT_SECRETS.path() is None, reason=f"detect-secrets is not installed: {DETECT_SECRETS.got}")
def test_a_key_in_a_file_is_found(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    # Put together here, so that this file holds none.
    (tmp_path / "settings.py").write_text(f'first = 1\nkey = "{"AKIA" + "Q3EGRIGKAFI2NBVL"}"\npassword = "made up"\n')
    (tmp_path / "empty.py").write_text("")
    git(tmp_path, "add", ".")

    assert keys_left_lying(tmp_path) == (1, ["settings.py:2 holds a AWS Access Key"])
