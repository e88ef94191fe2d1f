"""The project's own Python files, parsed: what every rule of this folder reads.

A rule is a function `find_<problem>` from sources to sentences that name file and line. Each has a bad sample
that shows that it bites, made with `sample(path, text)`: rules look at the path to know a file's role.
"""

import ast
import gc
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from textwrap import dedent
from typing import NamedTuple, TypeGuard

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

    @cached_property
    def imported(self) -> dict[str, str]:
        """What each name of an import stands for: `from datetime import datetime as moment` makes moment datetime.datetime."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {name.asname: name.name for name in node.names if name.asname}
            elif isinstance(node, ast.ImportFrom):
                found |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        return found

    @cached_property
    def uses(self) -> tuple["Use", ...]:
        """Every name and attribute that is read, called or not, so that `end = session.commit` is seen before `end()`."""
        calls = {id(node.func): node for node in ast.walk(self.tree) if isinstance(node, ast.Call)}
        read = [node for node in ast.walk(self.tree) if _is_read(node)]
        return tuple(
            Use(node, self.full_name(node), call := calls.get(id(node)), call is not None and id(call) in calls) for node in read
        )

    def full_name(self, node: ast.expr) -> str:
        """The dotted name of `node` with its import resolved: `moment.now` is `datetime.datetime.now`."""
        first, dot, rest = dotted(node).partition(".")
        return f"{self.imported.get(first, first)}{dot}{rest}"

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Every imported name, whole: `from a.b import c` is `a.b.c`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node, f"{node.module}.{name.name}") for name in node.names)


class Use(NamedTuple):
    """A name or an attribute that is read.

    name: dotted and in full, `?` for parts that are no names. call: the call of it, if it is called where it stands.
    is_called_again: what that call returns is called as well, `app.signature(…)()`.
    """

    node: ast.expr
    name: str
    call: ast.Call | None
    is_called_again: bool

    @property
    def owner(self) -> str:
        """What the attribute is one of: `self.session` of `self.session.commit`."""
        return self.name.rpartition(".")[0]

    @property
    def verb(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def is_bare(self) -> bool:
        """A name and no attribute of anything."""
        return isinstance(self.node, ast.Name)

    @property
    def said(self) -> str:
        """As it is told to people."""
        return f"{self.name}()" if self.call else self.name


def dotted(node: ast.expr) -> str:
    """The name of `node` as it is written; parts that are no names are `?`, and `getattr(a, "b")` is a.b."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    got = _got_attribute(node)
    return "?" if got is None else f"{dotted(got[0])}.{got[1]}"


def _is_read(node: ast.AST) -> TypeGuard[ast.expr]:
    if isinstance(node, (ast.Name, ast.Attribute)):
        return isinstance(node.ctx, ast.Load)
    return _got_attribute(node) is not None


def _got_attribute(node: ast.AST) -> tuple[ast.expr, str] | None:
    """What `getattr` with a literal reads, and the attribute's name."""
    if not isinstance(node, ast.Call):
        return None
    match node:
        case ast.Call(func=ast.Name("getattr"), args=[owner, ast.Constant(str(name)), *_]):
            return owner, name
        case _:
            return None


def exempt(source: Source, exemptions: Iterable[str]) -> bool:
    """Tests, and what lies under one of `exemptions`: paths that a rule excuses."""
    return source.is_test or str(source.path).startswith(tuple(exemptions))


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
    # Trees of millions of nodes: looking for garbage among them takes six times as long as parsing.
    gc.disable()
    try:
        return tuple(Source(file, text, ast.parse(text, filename=str(file))) for file, text in texts)
    finally:
        gc.freeze()
        gc.enable()
