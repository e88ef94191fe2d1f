"""The project's own Python files, parsed: what every rule of this folder reads.

A rule is a function `find_<problem>` from sources to sentences that name file and line. Each has a bad sample
that shows that it bites, made with `sample(path, text)`: rules look at the path to know a file's role.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("services", "shared", "deploy", "bench", "tests")
_ROLES = ("endpoints", "tasks", "schemas", "service", "repository", "models", "errors")
_SPLIT_BY_VERB = re.compile(rf"^(?:\w+_)?({'|'.join(_ROLES)})(?:_\w+)?$")


@dataclass(frozen=True)
class Source:
    """One Python file. `path` is relative to the root of the repository."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Where `node` stands, as editors understand it."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def line(self, node: ast.expr) -> str:
        """The text of the line on which `node` begins."""
        return self.text.splitlines()[node.lineno - 1]

    @property
    def in_service(self) -> str | None:
        """The service whose production code this is."""
        return self.path.parts[1] if self.path.parts[0] == "services" and not self.is_test else None

    @property
    def is_test(self) -> bool:
        """Test code: a `tests` folder, or the fixtures that tests share."""
        return "tests" in self.path.parts or self.path.name == "conftest.py" or self.path.parts[:2] == ("shared", "testing")

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.path.parts

    @property
    def role(self) -> str | None:
        """The role that the file's name gives it inside a noun's folder: `refund_service.py` is a service."""
        if self.in_service is None or self.is_migration or len(self.path.parts) < 4:
            return None
        match = _SPLIT_BY_VERB.match(self.path.stem)
        return match[1] if match else "service"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call with the dotted name of what is called: `self.session.execute`; parts that are no names are `?`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, dotted(node.func)

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Every imported name, whole: `from a.b import c` is `a.b.c`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node, f"{node.module}.{name.name}") for name in node.names)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def sample(path: str, text: str) -> Source:
    """A source that exists only in a test."""
    text = dedent(text).lstrip("\n")
    return Source(PurePosixPath(path), text, ast.parse(text))


@cache
def tracked_files() -> tuple[PurePosixPath, ...]:
    """Every file that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 # git is found on PATH everywhere
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = sorted({PurePosixPath(name) for name in listed.stdout.split("\0") if name})
    return tuple(file for file in files if (ROOT / file).is_file())


@cache
def sources() -> tuple[Source, ...]:
    """All Python files of the project."""
    files = [file for file in tracked_files() if file.suffix == ".py" and (file.parts[0] in FOLDERS or len(file.parts) == 1)]
    texts = [(file, (ROOT / file).read_text()) for file in files]
    return tuple(Source(file, text, ast.parse(text, filename=str(file))) for file, text in texts)
