"""One Dockerfile for both builders of Docker: images of the classic one and of BuildKit hold the same."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import docker
import pytest

from tests.architecture.source import ROOT
from tests.compose import looks
from tests.compose.project import Project

BUILT_BY: Final = {"service": "alerts-migrate", "sandbox": "sandbox", "tools": "secrets"}
"""Of each target of the Dockerfile, a service of docker-compose.yml that is built from it."""
BUILDERS: Final = {"classic": "0", "BuildKit": "1"}
CHOSEN: Final = ("User", "Env", "Entrypoint", "Cmd", "Healthcheck", "ExposedPorts", "Volumes", "WorkingDir")
COMPOSES_BUILDER: Final = "com.docker.compose.image.builder"
BUILD_S: Final = 600


def client_of(builder: str) -> Path | None:
    """A `docker` of this machine that builds so: an older one does by itself, a newer one needs its plug-in for BuildKit."""
    places = [Path(folder, "docker") for folder in os.environ["PATH"].split(os.pathsep)]
    return next((place for place in places if place.is_file() and _builds(place, builder)), None)


def _builds(place: Path, builder: str) -> bool:
    done = subprocess.run(
        [place, "build", "--quiet", "-"],
        env=_environment(builder),
        input="FROM scratch\nLABEL asks=whether-it-builds\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0


def _environment(builder: str) -> dict[str, str]:
    return {**os.environ, "DOCKER_BUILDKIT": BUILDERS[builder]}


def build(place: Path, builder: str, section: Mapping[str, Any], name: str) -> None:
    """Build an image as docker-compose.yml says."""
    chosen = {"file": section["dockerfile"], "target": section["target"], "network": section["network"], "tag": name}
    options = [word for option, value in chosen.items() for word in (f"--{option}", value)]
    arguments = [word for argument, value in section["args"].items() if value for word in ("--build-arg", f"{argument}={value}")]
    done = subprocess.run(
        [place, "build", *options, *arguments, "."],
        cwd=section["context"],
        env=_environment(builder),
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
    )
    assert done.returncode == 0, f"{builder}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


def content(client: "docker.DockerClient", name: str) -> set[str]:
    """Every file of an image beyond its base: rights, owner, and what is in it."""
    look = ["python", "-I", "-S", "-c", looks.FILES]
    said: bytes = client.containers.run(name, [], entrypoint=look, user="0", network_mode="none", remove=True)
    return set(said.decode().splitlines())


def configuration(client: "docker.DockerClient", name: str) -> dict[str, Any]:
    """What an image says about itself, and about how it is run."""
    image = client.images.get(name)
    labels = {label: value for label, value in image.labels.items() if label != COMPOSES_BUILDER}
    return {"labels": labels, **{key: image.attrs["Config"].get(key) for key in CHOSEN}}


@pytest.mark.parametrize("target", BUILT_BY)
def test_an_image_is_the_same_whichever_builder_made_it(project: Project, target: str) -> None:
    described = json.loads(project.compose("config", "--format", "json"))["services"][BUILT_BY[target]]
    labels = project.client.images.get(described["image"]).labels
    other = "BuildKit" if labels.get(COMPOSES_BUILDER) == "classic" else "classic"
    place = client_of(other)
    if place is None:
        pytest.skip(f"no docker of this machine builds by {other}")
    built = f"{project.name}-{target}:{other.lower()}"
    build(place, other, described["build"], built)
    try:
        assert configuration(project.client, built) == configuration(project.client, described["image"])
        assert content(project.client, built) ^ content(project.client, described["image"]) == set()
    finally:
        project.client.images.remove(built, force=True)


def test_an_image_runs_whoever_alone_may_read_the_checkout(project: Project, tmp_path: Path) -> None:
    """As a clone under umask 077 has it, on which many machines of companies insist."""
    described = json.loads(project.compose("config", "--format", "json"))["services"][BUILT_BY["service"]]["build"]
    for folder in ("requirements", "services", "shared"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (".dockerignore", described["dockerfile"]):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, tmp_path / file)
    for path in [path for folder in ("services", "shared") for path in (tmp_path / folder).rglob("*")]:
        path.chmod(path.stat().st_mode & 0o700)
    place, builder = next((place, builder) for builder in BUILDERS if (place := client_of(builder)))
    built = f"{project.name}-closed:1"
    build(place, builder, {**described, "context": str(tmp_path)}, built)
    try:
        imported = project.client.containers.run(
            built, ["python", "-c", "import services.alerts.app; print('runs')"], network_mode="none", remove=True
        )
        assert imported.decode().strip() == "runs"
    finally:
        project.client.images.remove(built, force=True)
