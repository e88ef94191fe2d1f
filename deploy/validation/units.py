"""The systemd units: their commands with every instance's settings filled in, and systemd's own word on them."""

import re
import shlex
import tempfile
from pathlib import Path
from typing import Final

from deploy.validation.tools import ROOT, SYSTEMD

UNITS: Final = ROOT / "deploy/systemd"
EXPOSURE: Final = 2.0
"""What `systemd-analyze security` may say at most, of 10."""


def instances(unit: str) -> dict[str, dict[str, str]]:
    """The instances of a template that there are settings for, each with those."""
    folder = UNITS / ("workers" if unit == "waybill-worker" else "services")
    return {file.stem: _read(file) for file in sorted(folder.glob("*.env"))}


def templates() -> list[str]:
    """The names of the templates, without the at sign."""
    return sorted(file.name.partition("@")[0] for file in UNITS.glob("*@.service"))


def command(unit: str, instance: str) -> list[str]:
    """The command line of an instance, as systemd starts it."""
    text = _template(unit).read_text().replace("\\\n", " ")
    [line] = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    filled = line.replace("%%", "\0").replace("%i", instance).replace("\0", "%")
    settings = instances(unit)[instance]
    return shlex.split(re.sub(r"\$\{(\w+)\}", lambda match: settings[match[1]], filled))


def stop_s(unit: str) -> int:
    """How long a stop may take."""
    return int(_directive(unit, "TimeoutStopSec"))


def look(unit: str) -> tuple[str, list[str]]:
    """How exposed a template is, of 10, and what `systemd-analyze verify` and `security` have against it.

    LookupError where systemd is not installed.
    """
    instance = next(iter(instances(unit)))
    with tempfile.TemporaryDirectory() as folder:
        # The programs and the user are on the machines where it runs, and need not be on this one.
        text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", _template(unit).read_text(), flags=re.MULTILINE)
        file = Path(folder) / f"{unit}@{instance}.service"
        file.write_text(re.sub(r"^(User|Group)=.*$", r"\1=daemon", text, flags=re.MULTILINE))
        (Path(folder) / "waybill.target").write_text((UNITS / "waybill.target").read_text())
        verified = SYSTEMD.run("verify", "--man=no", "--recursive-errors=no", file)
        exposed = SYSTEMD.run("security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", file)
    problems = [line for line in verified.stderr.splitlines() if unit in line]
    if exposed.returncode:
        problems.append(f"{unit}: {exposed.stdout.splitlines()[-1].lstrip('→ ')}; at most {EXPOSURE} is wanted")
    said = re.search(r"exposure level for \S+: ([\d.]+)", exposed.stdout)
    return said[1] if said else "unknown", problems


def _template(unit: str) -> Path:
    return UNITS / f"{unit}@.service"


def _directive(unit: str, name: str) -> str:
    [value] = re.findall(rf"^{name}=(.*)$", _template(unit).read_text(), re.MULTILINE)
    return str(value)


def _read(file: Path) -> dict[str, str]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
