"""What of a lock is installed into its image: a lock is for every platform, an image for one."""

import re
import tomllib
from collections.abc import Set
from dataclasses import dataclass
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.validation.tools import ROOT
from shared.contracts.lanes import SERVICES

IMAGES: Final = (*SERVICES, "sandbox", "tools")
_BLOCK: Final = re.compile(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)
"""A requirement with its hashes on the lines after it."""


@dataclass(frozen=True)
class Pin:
    """One package of a lock. text: as it stands there, with its hashes."""

    name: str
    version: str
    text: str


def python_of_images() -> str:
    """The version of Python in the base image that the Dockerfile names, such as `3.13`."""
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    [version] = re.findall(r"^ARG PYTHON_IMAGE=python:(\d+\.\d+)", dockerfile, re.MULTILINE)
    return str(version)


def read_pins(lock: str, python: str) -> list[Pin]:
    """What pip takes of a lock's text under CPython on Linux, in the lock's order. python: as `3.13`."""
    platform = _platform(python)
    found = []
    for block in _BLOCK.findall(lock):
        requirement = Requirement(block.partition(" \\\n")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(platform):
            [specifier] = requirement.specifier
            found.append(Pin(canonicalize_name(requirement.name), specifier.version, block))
    return found


def pins_of(image: str) -> list[Pin]:
    """What is installed into an image."""
    return read_pins((ROOT / "requirements" / f"{image}.txt").read_text(), python_of_images())


def version_of(image: str) -> str:
    """The version under which deploy/docker/build tags it."""
    project = f"services/{image}/pyproject.toml" if image in SERVICES else "pyproject.toml"
    return str(tomllib.loads((ROOT / project).read_text())["project"]["version"])


def _platform(python: str) -> dict[str, str | Set[str]]:
    return dict[str, str | Set[str]](
        implementation_name="cpython",
        implementation_version=f"{python}.0",
        os_name="posix",
        platform_machine="x86_64",
        platform_python_implementation="CPython",
        platform_release="",
        platform_system="Linux",
        platform_version="",
        python_full_version=f"{python}.0",
        python_version=python,
        sys_platform="linux",
    )
