"""Bills of materials in CycloneDX 1.6, made by cyclonedx-py out of the hashed locks.

What an image has of its base image is not in them: BuildKit's `--sbom=true`, or a scanner of the finished image, tells that.
"""

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from deploy.sbom.locks import pins_of, version_of
from deploy.validation.tools import Tool

CYCLONEDX: Final = Tool("cyclonedx-py", ("--version",), "make sbom installs it from requirements/supply.txt")


class NoBill(Exception):
    """The bill of an image could not be made; the message is cyclonedx-py's own."""


def file_of(image: str) -> str:
    """The name of an image's bill."""
    return f"waybill-{image}-{version_of(image)}.cdx.json"


def write(image: str, folder: Path) -> Path:
    """Write an image's bill into a folder, byte for byte the same from the same lock. NoBill, LookupError without the tool."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file_of(image)
    with tempfile.TemporaryDirectory() as scratch:
        lock, project = Path(scratch) / "lock.txt", Path(scratch) / "pyproject.toml"
        lock.write_text("".join(pin.text for pin in pins_of(image)))
        project.write_text(f'[project]\nname = "waybill-{image}"\nversion = "{version_of(image)}"\n')
        # It holds what it has made against CycloneDX' schema before it writes it.
        done = CYCLONEDX.run("requirements", "--output-reproducible", "--pyproject", project, "-o", target, lock)
    if done.returncode:
        raise NoBill(f"{image}: {done.stderr.strip()}")
    return target


def listed(bill: Path) -> dict[str, str]:
    """The version of each package in a bill, by name."""
    found: dict[str, Any] = json.loads(bill.read_text())
    return {component["name"]: component["version"] for component in found["components"]}
