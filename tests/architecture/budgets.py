"""How long files and functions are, and how long they may be."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.architecture.source import Source, dotted

Function = ast.FunctionDef | ast.AsyncFunctionDef

AIM = {"file": 300, "function": 40, "task": 15, "endpoint": 10, "test": 30}
LIMIT = {"file": 400, "function": 60, "task": 25, "endpoint": 20, "test": 60}
_TASKS = {"task", "task_many", "effect"}
_VERBS = {"get", "post", "put", "patch", "delete", "websocket", "api_route"}


@dataclass(frozen=True)
class Size:
    """How long something is, in lines."""

    where: str
    kind: str
    lines: int

    def __str__(self) -> str:
        return f"{self.where}: {self.lines} lines, a {self.kind} aims at {AIM[self.kind]} and has at most {LIMIT[self.kind]}"


def sizes(files: Iterable[Source]) -> Iterator[Size]:
    """Every file and function. A task's and an endpoint's body counts without its signature; docstrings never count."""
    for source in files:
        if source.is_migration:
            continue
        yield Size(str(source.path), "file", len(source.text.splitlines()))
        for function in source.functions():
            kind = _kind(source, function)
            lines = _body_lines(function) if kind in ("task", "endpoint") else _lines(function)
            yield Size(f"{source.at(function)} {function.name}", kind, lines)


def find_oversize(files: Iterable[Source], budget: dict[str, int] = LIMIT) -> Iterator[str]:
    return (str(size) for size in sizes(files) if size.lines > budget[size.kind])


def _kind(source: Source, function: Function) -> str:
    if source.is_test and function.name.startswith("test_"):
        return "test"
    decorators = {dotted(node.func).rpartition(".")[2] for node in function.decorator_list if isinstance(node, ast.Call)}
    if source.in_service and decorators & _TASKS:
        return "task"
    if source.role == "endpoints" and decorators & _VERBS:
        return "endpoint"
    return "function"


def _docstring_lines(function: Function) -> int:
    first = function.body[0]
    return _lines(first) if ast.get_docstring(function, clean=False) is not None else 0


def _lines(node: ast.stmt) -> int:
    own = (node.end_lineno or node.lineno) - node.lineno + 1
    return own - _docstring_lines(node) if isinstance(node, Function) else own


def _body_lines(function: Function) -> int:
    body = (function.end_lineno or function.lineno) - function.body[0].lineno + 1
    return body - _docstring_lines(function)
