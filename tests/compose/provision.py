"""An engine and base images where there are none: by the program that $DOCKER_ENGINE names, or that lies beside the checkout.

    <program> up                                     starts an engine
    <program> python|redis|postgres|prometheus NAME  makes a stand-in for a base image under its official name

Where an engine answers and can fetch images, no such program is needed.
"""

import io
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import docker
import pytest
from docker.errors import ImageNotFound

from tests.architecture.source import ROOT

_ALERTMANAGER: Final = """
ARG PROMETHEUS_IMAGE
FROM ${PROMETHEUS_IMAGE}
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus-alertmanager wget >/dev/null \\
    && install -d -o prometheus -g prometheus /alertmanager
USER prometheus
ENTRYPOINT ["/usr/bin/prometheus-alertmanager"]
"""
"""What the official image runs, on the stand-in for Prometheus, which is a Debian."""
KINDS: Final = {"PYTHON_IMAGE": "python", "REDIS_IMAGE": "redis", "POSTGRES_IMAGE": "postgres", "PROMETHEUS_IMAGE": "prometheus"}
ENGINE_S: Final = 900


def program() -> Path | None:
    """What can make an engine here."""
    path = Path(os.environ.get("DOCKER_ENGINE") or ROOT / ".." / "shared" / "tools" / "docker-engine")
    return path.resolve() if path.is_file() else None


def connect() -> "docker.DockerClient":
    """The engine, started where that can be done."""
    client = _answering()
    if client is None and (maker := program()) is not None:
        subprocess.run([maker, "up"], check=True, timeout=ENGINE_S)
        client = _answering()
    if client is None:
        pytest.fail("No Docker engine answers: start one, or let DOCKER_ENGINE name a program that does.", pytrace=False)
    return client


def _answering() -> "docker.DockerClient | None":
    # Asked by the command: what the SDK cannot connect stays open, and is a warning of whichever test is under way later.
    try:
        said = subprocess.run(["docker", "version"], capture_output=True, timeout=ENGINE_S, check=False)  # noqa: S607 - whichever the user has
    except FileNotFoundError:
        return None
    if said.returncode != 0:
        return None
    client = docker.from_env(timeout=120)
    client.ping()
    return client


def base_images() -> dict[str, str]:
    """The official names in docker-compose.yml, by the variable that replaces them."""
    text = (ROOT / "docker-compose.yml").read_text()
    defaults = dict(re.findall(r"\$\{(\w+_IMAGE):-([^}]+)\}", text))
    return {variable: os.environ.get(variable) or defaults[variable] for variable in (*KINDS, "ALERTMANAGER_IMAGE")}


def provide(client: "docker.DockerClient") -> dict[str, str]:
    """Make stand-ins for base images that are not there, where that can be done; returns what builds need to know."""
    maker = program()
    images = base_images()
    for variable, kind in KINDS.items():
        if maker is not None and not _is_there(client, images[variable]):
            subprocess.run([maker, kind, images[variable]], check=True, timeout=ENGINE_S)
    if _is_made_here(client, images["PROMETHEUS_IMAGE"]) and not _is_there(client, images["ALERTMANAGER_IMAGE"]):
        _make_alertmanager(client, images)
    # Where images are made, containers may have no way out of their own.
    network = "host" if _is_made_here(client, images["PYTHON_IMAGE"]) else "default"
    return {"BUILD_NETWORK": os.environ.get("BUILD_NETWORK") or network}


def _make_alertmanager(client: "docker.DockerClient", images: Mapping[str, str]) -> None:
    client.images.build(
        fileobj=io.BytesIO(_ALERTMANAGER.encode()),
        buildargs={"PROMETHEUS_IMAGE": images["PROMETHEUS_IMAGE"]},
        tag=images["ALERTMANAGER_IMAGE"],
        network_mode="host",
        rm=True,
    )


def _is_made_here(client: "docker.DockerClient", name: str) -> bool:
    """Whether no registry gave it."""
    return _is_there(client, name) and not client.images.get(name).attrs.get("RepoDigests")


def _is_there(client: "docker.DockerClient", name: str) -> bool:
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True
