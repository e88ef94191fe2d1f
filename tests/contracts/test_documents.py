"""The committed schemas and samples follow the registry, and never a break."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.contracts import __main__ as command
from shared.contracts import asyncapi, documents
from shared.contracts.documents import FOLDER, WRITE, as_text, check, schema_of, write
from shared.contracts.message import MAX_BODY_BYTES
from tests.contracts.refund_order import NAME, SAMPLE, RefundOrder, altered, without


def test_what_is_committed_is_what_the_registry_says() -> None:
    assert command.main(["check"]) == 0


def test_a_message_without_schema_and_sample_is_asked_for_both(tmp_path: Path) -> None:
    assert [str(finding) for finding in check({NAME: RefundOrder}, tmp_path)] == [
        f"{NAME}: the message is new and has no committed schema; run `python -m shared.contracts write` and commit the result",
        f"{NAME}: has no golden sample; put a list with one real payload into samples/{NAME}.json",
    ]


def test_writing_after_growth_leaves_nothing_to_find(committed: Path) -> None:
    grown = altered(note=(str | None, None))
    (committed / "samples" / f"{NAME}.json").write_text(as_text([SAMPLE, {**SAMPLE, "note": "by the door"}]))

    assert write(grown, committed) == []
    assert check(grown, committed) == []


def test_writing_refuses_a_break_and_leaves_the_committed_schema(committed: Path) -> None:
    refused = write(without("reason"), committed)

    assert [finding.message for finding in refused] == [NAME]
    assert json.loads((committed / "schemas" / f"{NAME}.json").read_text()) == schema_of(RefundOrder)


@pytest.fixture
def in_git(committed: Path) -> Path:
    """The folder with the message, in a repository of its own, where it is committed."""
    for arguments in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "one"],
    ):
        subprocess.run(["git", *arguments], cwd=committed, check=True)  # noqa: S607 # git from PATH
    return committed


def test_a_schema_deleted_by_hand_is_still_what_the_message_is_compared_with(in_git: Path) -> None:
    file = in_git / "schemas" / f"{NAME}.json"
    file.unlink()

    refused = write(without("reason"), in_git)

    assert [(finding.message, finding.is_break) for finding in refused] == [(NAME, True)]
    assert "field `reason` is gone" in refused[0].sentence
    assert not file.exists()
    assert write(without("reason"), in_git, despite_breaks=[NAME]) == []
    assert file.exists()


def test_a_schema_deleted_by_hand_comes_back_by_writing(in_git: Path) -> None:
    (in_git / "schemas" / f"{NAME}.json").unlink()

    assert list(map(str, check({NAME: RefundOrder}, in_git))) == [
        f"{NAME}: schemas/{NAME}.json was committed and is gone; {WRITE}"
    ]
    assert write({NAME: RefundOrder}, in_git) == []
    assert check({NAME: RefundOrder}, in_git) == []


def test_a_message_is_new_where_there_is_no_git_to_ask(in_git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (in_git / "schemas" / f"{NAME}.json").unlink()
    monkeypatch.setenv("PATH", str(in_git))

    assert [finding.sentence.partition(";")[0] for finding in check(altered(), in_git)] == [
        "the message is new and has no committed schema"
    ]


def test_a_break_that_is_meant_can_be_written_by_name(committed: Path) -> None:
    assert write({}, committed, despite_breaks=[NAME]) == []

    assert list((committed / "schemas").iterdir()) == []
    assert list((committed / "samples").iterdir()) == []


def test_a_new_field_needs_a_sample_that_shows_it(committed: Path) -> None:
    found = map(str, check(altered(note=(str | None, None)), committed))

    assert f"{NAME}: no sample shows note; append a payload that does, and keep the older ones" in list(found)


def test_an_old_sample_that_no_longer_parses_is_a_break(committed: Path) -> None:
    found = [finding for finding in check(altered(ratio=(int, 1)), committed) if "sample" in finding.sentence]

    assert [finding.is_break for finding in found] == [True]
    assert found[0].sentence.startswith("sample 1 no longer parses (ratio: Input should be a valid integer")


def test_samples_of_an_unknown_message_are_found(committed: Path) -> None:
    (committed / "samples" / "payments.refund_ordr.json").write_text("[{}]")

    assert "payments.refund_ordr: has samples and is no message; delete the file, or keep the message" in map(
        str, check({NAME: RefundOrder}, committed)
    )


def test_a_sample_too_large_to_travel_is_found(committed: Path) -> None:
    (committed / "samples" / f"{NAME}.json").write_text(as_text([SAMPLE, {**SAMPLE, "unknown": "x" * MAX_BODY_BYTES}]))

    found = check({NAME: RefundOrder}, committed)

    assert [finding.sentence.partition(" bytes,")[2] for finding in found] == [
        f" at most {MAX_BODY_BYTES} travel; send an id instead"
    ]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the committed files, with docs/asyncapi.json as asyncapi.json."""
    for part in ("schemas", "samples"):
        shutil.copytree(FOLDER / part, tmp_path / part)
    shutil.copy(asyncapi.FILE, tmp_path)
    return tmp_path


def test_the_command_says_what_differs_and_mends_it(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "schemas" / "notifications.send_email.json").unlink()
    (copy / "asyncapi.json").write_text("{}")

    assert command.main(["check"], folder=copy, asyncapi_file=copy / "asyncapi.json") == 1
    assert capsys.readouterr().err.splitlines() == [
        f"notifications.send_email: the message is new and has no committed schema; {WRITE}",
        f"docs/asyncapi.json: differs from the registry; {WRITE}",
    ]

    assert command.main(["write"], folder=copy, asyncapi_file=copy / "asyncapi.json") == 0
    assert (copy / "asyncapi.json").read_text() == asyncapi.FILE.read_text()


def test_the_command_refuses_to_write_a_break(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = copy / "schemas" / "trips.gone_message.json"
    gone.write_text(as_text(schema_of(RefundOrder)))

    assert command.main(["write"], folder=copy, asyncapi_file=copy / "asyncapi.json") == 1
    assert "trips.gone_message: the message is gone" in capsys.readouterr().err
    assert gone.exists()

    arguments = ["write", "--break", "trips.gone_message"]
    assert command.main(arguments, folder=copy, asyncapi_file=copy / "asyncapi.json") == 0
    assert not gone.exists()


def test_probes_of_benchmarks_are_no_messages_of_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "messages", lambda: {NAME: RefundOrder})

    assert documents.product() == {}
