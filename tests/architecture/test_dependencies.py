"""Dependencies are locked with hashes, and no tracked file knows where packages are fetched from."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.contracts.lanes import SERVICES
from tests.architecture.source import ROOT, tracked_files

# Put together here, so that this file does not contain what it forbids.
_HOSTS = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("devpi", "net"), ("pkg", "dev"))
]
_OPTIONS = [f"--{name}" for name in ("index-url", "extra-index-url", "default-index", "find-links", "trusted-host")]
_KEYS = [f"{name} = " for name in ("index-url", "extra-index-url", "default-index", "find-links")]
ADDRESS_FILES = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock", "pip.conf", ".pypirc"}
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def find_registry_addresses(files: Mapping[PurePosixPath, str]) -> Iterator[str]:
    for path, text in files.items():
        if path.name in ADDRESS_FILES:
            yield f"{path} records addresses; requirements/*.txt are the locks"
        for number, line in enumerate(text.splitlines(), start=1):
            for word in (*_HOSTS, *_OPTIONS, *_KEYS):
                if word in line:
                    yield f"{path}:{number} names a package registry ({word.strip()}); the machine's own configuration does that"


def find_lock_problems(name: str, lock: str, requirements: Iterable[str]) -> Iterator[str]:
    """What a lock lacks: a requirement, a version in its range, hashes. And what it must not have: an address."""
    pins = {canonicalize_name(match[1]): match[2] for match in _PIN.finditer(lock)}
    for text in requirements:
        requirement = Requirement(text)
        pinned = pins.get(canonicalize_name(requirement.name))
        if pinned is None:
            yield f"{name} does not lock {requirement.name}; run `make lock`"
        elif not requirement.specifier.contains(pinned, prereleases=True):
            yield f"{name} locks {requirement.name} {pinned}, and {requirement} is asked for; run `make lock`"
    for block in re.split(r"\n(?=\S)", lock):
        if _PIN.match(block) and "--hash=sha256:" not in block:
            yield f"{name} has no hash for {block.split()[0]}; run `make lock`"
    if "://" in lock:
        yield f"{name} holds an address; run `make lock`"


def find_disagreements(locks: Mapping[str, str]) -> Iterator[str]:
    """Packages that two locks pin to different versions: what is tested would not be what runs."""
    versions: dict[str, dict[str, str]] = {}
    for name, lock in locks.items():
        for match in _PIN.finditer(lock):
            versions.setdefault(canonicalize_name(match[1]), {})[name] = match[2]
    for package, pinned in versions.items():
        if len({*pinned.values()}) > 1:
            yield f"{package} is locked differently: {', '.join(f'{version} in {name}' for name, version in pinned.items())}"


@cache
def declared(path: str) -> tuple[str, ...]:
    """The requirements of a pyproject.toml, with its development group."""
    project = tomllib.loads((ROOT / path).read_text())
    return (*project["project"].get("dependencies", []), *project.get("dependency-groups", {}).get("dev", []))


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def test_no_tracked_file_names_a_package_registry() -> None:
    texts = {}
    for file in tracked_files():
        raw = (ROOT / file).read_bytes()
        texts[file] = "" if b"\0" in raw[:1024] else raw.decode(errors="replace")

    assert list(find_registry_addresses(texts)) == []


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_lock_has_what_the_service_and_the_runtime_require(name: str) -> None:
    required = declared("shared/pyproject.toml") + declared(f"services/{name}/pyproject.toml")

    assert list(find_lock_problems(f"requirements/{name}.txt", lock(name), required)) == []


def test_the_development_lock_has_what_everything_requires() -> None:
    services = [requirement for service in SERVICES for requirement in declared(f"services/{service}/pyproject.toml")]
    required = [*declared("pyproject.toml"), *declared("shared/pyproject.toml"), *services]

    assert list(find_lock_problems("requirements/dev.txt", lock("dev"), required)) == []


def test_all_locks_agree() -> None:
    assert (
        list(
            find_disagreements(
                {name: lock(name) for name in (*SERVICES, "shared", "sandbox", "tools", "dev", "validate", "supply")}
            )
        )
        == []
    )


@pytest.mark.parametrize("word", [*(f"see https://{host}/simple" for host in _HOSTS), *_OPTIONS, *_KEYS])
def test_a_registry_address_is_found(word: str) -> None:
    found = list(find_registry_addresses({PurePosixPath("docs/install.md"): f"Install.\n{word} there\n"}))

    assert found
    assert all(line.startswith("docs/install.md:2 names a package registry") for line in found)


def test_a_lock_that_records_addresses_is_found() -> None:
    assert list(find_registry_addresses({PurePosixPath("uv.lock"): ""})) == [
        "uv.lock records addresses; requirements/*.txt are the locks"
    ]


def test_a_stale_lock_is_found() -> None:
    stale = "celery==5.6.0 \\\n    --hash=sha256:aa\nredis==8.1.0\nfastapi @ https://example.com/fastapi.whl\n"

    assert list(find_lock_problems("trips.txt", stale, ["celery[redis]>=5.7", "redis>=8", "httpx"])) == [
        "trips.txt locks celery 5.6.0, and celery[redis]>=5.7 is asked for; run `make lock`",
        "trips.txt does not lock httpx; run `make lock`",
        "trips.txt has no hash for redis==8.1.0; run `make lock`",
        "trips.txt holds an address; run `make lock`",
    ]


def test_locks_that_disagree_are_found() -> None:
    assert list(find_disagreements({"trips": "redis==8.1.0\n", "dev": "redis==8.2.0\ncelery==5.7.0\n"})) == [
        "redis is locked differently: 8.1.0 in trips, 8.2.0 in dev"
    ]
