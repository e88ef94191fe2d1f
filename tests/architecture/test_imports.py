"""Imports flow one way: endpoints and tasks → service → repository → models, contracts beneath all, no service to another."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from shared.contracts.lanes import SERVICES
from tests.architecture.source import ROOT, Source, sample, sources

PURE = {*sys.stdlib_module_names, "pydantic", "pydantic_core", "annotated_types"}
FRAMEWORKS = {
    "fastapi": {"endpoints", "auth", "app"},
    "starlette": {"endpoints", "auth", "app"},
    "celery": {"tasks", "worker"},
    "kombu": {"tasks", "worker"},
}
LAYERS = {"endpoints": 3, "tasks": 3, "service": 2, "repository": 1, "models": 0, "schemas": 2, "errors": 0}
DYNAMIC = {
    "importlib.import_module",
    "importlib.reload",
    "importlib.util.spec_from_file_location",
    "importlib.util.find_spec",
    "importlib.__import__",
    "pkgutil.resolve_name",
    "runpy.run_module",
    "runpy.run_path",
    "sys.modules",
    "__import__",
    "exec",
    "eval",
}
# Celery, uvicorn and others import a module by such a text.
_SERVICE_MODULE = re.compile(rf"^services\.({'|'.join(SERVICES)})(?:[.:]\w+)*$")
EDGE = ("app", "worker", "relay", "deps", "auth", "schedules")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of `[tool.importlinter]` over the tree at `root`."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    path = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-c", code], cwd=root, env=path, capture_output=True, text=True, check=False)


def test_the_import_contracts_hold() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


BROKEN = {
    "No service imports another": ("services/trips/trips.py", "import services.payments.orders"),
    "Shared code knows no service": ("shared/runtime/relay.py", "import services.payments.orders"),
    "Testing stands on the runtime, the runtime on the contracts": ("shared/contracts/trips.py", "import shared.runtime.relay"),
    "Contracts need pydantic only": ("shared/contracts/trips.py", "import celery"),
    "Only tests use the testing fixtures": ("services/trips/trips.py", "import shared.testing"),
}


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A tree of our shape with almost nothing in it, and the real configuration."""
    for package in (*(f"services/{name}" for name in SERVICES), "shared", "shared/contracts", "shared/runtime", "shared/testing"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "__init__.py").touch()
    for module in (
        "services/trips/trips.py",
        "services/payments/orders.py",
        "shared/runtime/relay.py",
        "shared/contracts/trips.py",
    ):
        (tmp_path / module).touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.parametrize("contract", BROKEN)
def test_a_forbidden_import_breaks_its_contract(contract: str, small_tree: Path) -> None:
    path, text = BROKEN[contract]
    (small_tree / path).write_text(text)

    result = lint_imports(small_tree)

    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout


def find_impure_contracts(files: Iterable[Source]) -> Iterator[str]:
    for source in files:
        if source.path.parts[:2] != ("shared", "contracts"):
            continue
        for node, name in source.imports():
            if name.partition(".")[0] not in PURE and not name.startswith("shared.contracts"):
                yield f"{source.at(node)}: contracts import pydantic and the standard library only, not {name}"


def find_framework_imports(files: Iterable[Source]) -> Iterator[str]:
    for source in files:
        for node, name in source.imports() if source.in_service else ():
            allowed = FRAMEWORKS.get(name.partition(".")[0])
            if allowed is not None and (source.role or source.path.stem) not in allowed:
                homes = ", ".join(f"{stem}.py" for stem in sorted(allowed))
                yield f"{source.at(node)}: {name} is known only to {homes}"


def find_layer_breaks(files: Iterable[Source]) -> Iterator[str]:
    """Imports within a service that go up a layer, between the two edges, or from a noun's core to the wiring."""
    for source in files:
        for node, name in source.imports() if source.role else ():
            target = _role_of_module(name, source.in_service or "")
            if target is None or source.role is None:
                continue
            if target in EDGE and source.role not in ("endpoints", "tasks"):
                yield f"{source.at(node)}: {source.role} does not know {target}.py; it is given what it needs"
            elif LAYERS.get(target, -1) > LAYERS[source.role]:
                yield f"{source.at(node)}: {source.role} is below {target} and does not import it"
            elif {target, source.role} == {"endpoints", "tasks"}:
                yield f"{source.at(node)}: endpoints and tasks meet in the service, not in each other"


def _role_of_module(name: str, service: str) -> str | None:
    """The role of the module that `services.<service>.…` names; None for modules elsewhere."""
    parts = name.split(".")
    if parts[:2] != ["services", service]:
        return None
    if parts[2:] and parts[2] in EDGE:
        return parts[2]
    return sample("/".join(parts[:4]) + ".py", "").role if len(parts) >= 4 else None


def find_dynamic_imports(files: Iterable[Source]) -> Iterator[str]:
    """Imports in a service, its tests included, that no linter can follow: they could reach another service unseen."""
    for source in files:
        if source.path.parts[0] != "services":
            continue
        for use in source.uses:
            if use.name in DYNAMIC or use.name.removeprefix("builtins.") in DYNAMIC:
                yield f"{source.at(use.node)}: {use.name} imports what no reader can see; write an import statement"
        for node in ast.walk(source.tree):
            named = _SERVICE_MODULE.match(node.value) if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
            if named and named[1] != source.path.parts[1]:
                yield f"{source.at(node)}: the text names a module of {named[1]}; services meet in messages and HTTP"


@pytest.mark.parametrize("find", [find_impure_contracts, find_framework_imports, find_layer_breaks, find_dynamic_imports])
def test_no_file_imports_what_its_role_must_not_know(find: Iterable[str]) -> None:
    assert list(find(sources())) == []  # type: ignore[operator] # a function, which pytest passes as it is


def test_an_impure_contract_is_found() -> None:
    bad = sample(
        "shared/contracts/trips.py",
        "import json\nimport pydantic\nfrom shared.contracts import lanes\nimport orjson\nimport shared.runtime.db",
    )

    assert [line.partition(":")[2].partition(":")[0] for line in find_impure_contracts([bad])] == ["4", "5"]


def test_frameworks_outside_their_files_are_found() -> None:
    good = sample("services/trips/trips/endpoints.py", "from fastapi import APIRouter")
    bad = [
        sample("services/trips/trips/service.py", "from fastapi import HTTPException"),
        sample("services/trips/trips/endpoints.py", "import celery"),
        sample("services/trips/deps.py", "from starlette.requests import Request"),
    ]

    assert len(list(find_framework_imports([good, *bad]))) == 3


DYNAMIC_BAD = [
    'import importlib\nimportlib.import_module("services." + name)',
    "from importlib import import_module as load\nx = load(name)",
    "import importlib as tools\nload = tools.import_module",
    'import importlib\nload = getattr(importlib, "import_module")',
    "x = __import__(name)",
    "import builtins\nx = builtins.__import__(name)",
    "import runpy\nrunpy.run_module(name)",
    "import sys\nx = sys.modules[name]",
    "exec(text)",
    'app = make_celery("trips", ("services.payments.orders.tasks",))',
    'run("services.payments.app:app")',
]


@pytest.mark.parametrize("text", DYNAMIC_BAD)
def test_an_import_that_no_linter_can_follow_is_found(text: str) -> None:
    found = list(find_dynamic_imports([sample("services/trips/trips/service.py", text)]))

    assert len(found) == 1
    assert found[0].startswith("services/trips/trips/service.py:")


def test_reading_a_packages_files_and_naming_ones_own_modules_is_no_dynamic_import() -> None:
    text = """
    from importlib.resources import files
    TASK_MODULES = ("services.trips.trips.tasks",)
    page = files("services.trips") / "page.html"
    pattern = re.compile("^a")
    """
    elsewhere = sample("shared/runtime/relay/runner.py", "import importlib\nimportlib.import_module(name)")

    assert list(find_dynamic_imports([sample("services/trips/worker.py", text), elsewhere])) == []


def test_imports_against_the_layers_are_found() -> None:
    good = [
        sample(
            "services/trips/trips/endpoints.py",
            "from services.trips.trips.service import Trips\nfrom services.trips.deps import trips",
        ),
        sample(
            "services/trips/trips/tasks.py",
            "from services.trips.deps import trips\nfrom services.trips.trips.trip_complete import complete",
        ),
        sample("services/trips/trips/service.py", "from services.trips.drivers.repository import DriverRepository"),
        sample("services/trips/trips/repository.py", "from services.trips.trips.models import Trip"),
    ]
    bad = [
        sample("services/trips/trips/models.py", "from services.trips.trips.repository import TripRepository"),
        sample("services/trips/trips/repository.py", "from services.trips.trips.service import Trips"),
        sample("services/trips/trips/trip_complete.py", "from services.trips.trips.endpoints import router"),
        sample("services/trips/trips/service.py", "from services.trips.deps import trips"),
        sample("services/trips/trips/tasks.py", "from services.trips.trips.endpoints import router"),
    ]

    assert list(find_layer_breaks(good)) == []
    assert [line.partition(":")[0] for line in find_layer_breaks(bad)] == [str(source.path) for source in bad]
