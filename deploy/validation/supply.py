"""What we build on and what we hand out: bills of materials, known vulnerabilities, keys that somebody has left in a file."""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from deploy.sbom.bills import NoBill, listed, write
from deploy.sbom.locks import IMAGES, pins_of
from deploy.validation.tools import ROOT, Tool

_GOT: Final = "make validate-deploy installs it from requirements/supply.txt"
PIP_AUDIT: Final = Tool("pip-audit", ("--version",), _GOT)
DETECT_SECRETS: Final = Tool("detect-secrets", ("--version",), _GOT)
ANSWER_S: Final = 10
"""How long one answer about one package may take."""
AUDIT_S: Final = 90
_GUESSES: Final = (
    "Base64HighEntropyString",
    "HexHighEntropyString",
    "KeywordDetector",
    "BasicAuthDetector",
    "IPPublicDetector",
)
"""Detectors that know no form of key. They take the made-up passwords of tests for real ones. Ruff's S105 to S107 look after
words such as `password` in code, and the chart's own rules after its values."""
_MAY_HOLD_A_KEY: Final = re.compile(
    rb"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Za-z])(?![0-9a-fA-F]{8}-[0-9a-fA-F]{4}-)[A-Za-z0-9_-]{20,}|PRIVATE KEY"
)
"""Forms of keys have such a run of characters, which is no UUID. To read the lines of files that have none takes minutes."""
SCAN_S: Final = 300


class NothingSaid(Exception):
    """The data that pip-audit asks for cannot be reached."""


def bill_problems() -> tuple[int, list[str]]:
    """How many packages the bills of all images list, and what is wrong with the bills."""
    problems: list[str] = []
    count = 0
    with tempfile.TemporaryDirectory() as scratch:
        for image in IMAGES:
            try:
                found = listed(write(image, Path(scratch)))
            except NoBill as error:
                problems.append(str(error))
                continue
            count += len(found)
            if found != (locked := {pin.name: pin.version for pin in pins_of(image)}):
                wrong = sorted(name for name in {*found} | {*locked} if found.get(name) != locked.get(name))
                problems.append(f"{image}: the bill and the lock differ in {', '.join(wrong)}")
    return count, problems


def vulnerabilities() -> tuple[int, list[str]]:
    """How many packages of the images were asked about, and a sentence for each weakness that is known of one. NothingSaid."""
    pins = {pin.name: pin.text for image in IMAGES for pin in pins_of(image)}
    with tempfile.TemporaryDirectory() as scratch:
        lock = Path(scratch) / "lock.txt"
        lock.write_text("".join(pins.values()))
        options = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", f"--timeout={ANSWER_S}")
        try:
            done = PIP_AUDIT.run(*options, "--requirement", lock, timeout_s=AUDIT_S)
        except subprocess.TimeoutExpired:
            raise NothingSaid(f"no answer within {AUDIT_S} s") from None
    if not done.stdout.strip():
        raise NothingSaid(next(reversed(done.stderr.strip().splitlines()), "pip-audit says nothing")[:200])
    return read_audit(done.stdout)


def read_audit(said: str) -> tuple[int, list[str]]:
    """What pip-audit's JSON says. A package that nobody knows anything about was not audited: of all of them, NothingSaid."""
    packages: list[dict[str, Any]] = json.loads(said)["dependencies"]
    unknown = [package["skip_reason"] for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        raise NothingSaid(f"of {len(packages)} packages not one is known where it asks")
    found = [(package, weakness) for package in packages for weakness in package.get("vulns", ())]
    return len(packages) - len(unknown), [*(_sentence(*one) for one in found), *unknown]


def _sentence(package: dict[str, Any], weakness: dict[str, Any]) -> str:
    mended = f"mended in {', '.join(weakness['fix_versions'])}" if weakness["fix_versions"] else "not mended yet"
    return f"{package['name']} {package['version']}: {weakness['id']}, {mended}"


def keys_left_lying(root: Path = ROOT) -> tuple[int, list[str]]:
    """How many files of a repository may hold a key at all, and where in them one of a known form stands."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)  # noqa: S607 # the one that is installed
    names = [name for name in listing.stdout.split("\0") if name and not name.startswith("requirements/")]
    files = [name for name in names if (root / name).is_file() and _MAY_HOLD_A_KEY.search((root / name).read_bytes())]
    # It would try each key at its provider to see whether it is a real one.
    options = ["--no-verify", *(word for guess in _GUESSES for word in ("--disable-plugin", guess))]
    try:
        done = DETECT_SECRETS.run("scan", *options, *files, cwd=root, timeout_s=SCAN_S)
    except subprocess.TimeoutExpired:
        return len(files), [f"detect-secrets was not done with them within {SCAN_S} s"]
    if done.returncode:
        return len(files), [done.stderr.strip()]
    found: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)["results"]
    return len(files), [f"{file}:{one['line_number']} holds a {one['type']}" for file, some in found.items() for one in some]
