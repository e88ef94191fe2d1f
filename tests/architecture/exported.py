"""Every series that a process of ours may show: `python -m tests.architecture.exported` prints the names, as JSON.

A program of its own, because all services' metrics are in its registry at once.
"""

import json
import subprocess
import sys
from importlib import import_module

from shared.runtime.metrics import REGISTRY
from tests.architecture.loaded import SETTINGS
from tests.architecture.source import ROOT, tracked_files

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum"), "gauge": ("",)}


def exported() -> list[str]:
    """The names, after every module that declares metrics was loaded."""
    for file in tracked_files():
        if file.suffix == ".py" and file.parts[0] in ("services", "shared") and "tests" not in file.parts:
            text = (ROOT / file).read_text()
            if "registry=REGISTRY" in text or "REGISTRY.register" in text:
                import_module(".".join(file.with_suffix("").parts))
    return sorted({family.name + suffix for family in REGISTRY.collect() for suffix in _SUFFIXES.get(family.type, ("",))})


def exported_apart() -> set[str]:
    """`exported`, in a process of its own."""
    command = [sys.executable, "-m", "tests.architecture.exported"]
    environment = {**SETTINGS, "PATH": "/usr/bin:/bin", "WAYBILL_HOME": "/nonexistent"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(exported()))
