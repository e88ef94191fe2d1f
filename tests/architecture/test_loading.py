"""A process loads what it does. What it never does, or seldom, is imported where that happens: it costs memory and seconds of
each start. Read from imports at the level of modules, by which a process loads everything before it does anything."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from shared.contracts.lanes import SERVICES
from tests.architecture.source import Source, sample, sources

HTTP: Final = {"fastapi", "starlette", "uvicorn"}
TASKS: Final = {"celery"}
# Documents and files of many megabytes: drawn, read and written by a few of a service's processes, once in a while.
SELDOM: Final = {"alembic", "arro3", "fontTools", "fpdf", "openpyxl", "PIL", "pypdfium2", "segno", "xlsxwriter"}
NOT_LOADED: Final = {"app": SELDOM | TASKS, "worker": SELDOM | HTTP, "relay": SELDOM | HTTP | TASKS}
_TASK_MODULE: Final = re.compile(r"services(?:\.\w+)+")


def find_needless_loads(files: Iterable[Source]) -> Iterator[str]:
    """Libraries that an API, a worker or a relay loads and has no use for, with the way on which they come in."""
    modules = {_module(source): source for source in files}
    for service in SERVICES:
        for program, unwanted in NOT_LOADED.items():
            ways = _ways(f"services.{service}.{program}", modules)
            for module, way in ways.items():
                for name in _loaded_by(modules[module].tree.body):
                    library = name.partition(".")[0]
                    if library in unwanted:
                        yield f"{way} → {library}: import it where it is used; no {program} needs it to start"


def _ways(entry: str, modules: Mapping[str, Source]) -> dict[str, str]:
    """Each module of ours that is loaded with `entry`, and by way of which others."""
    ways, found = {entry: entry} if entry in modules else {}, [entry] if entry in modules else []
    for module in found:
        named = _task_modules(modules[module]) if module == entry else set()
        for name in sorted({*_loaded_by(modules[module].tree.body), *named}):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):
                inner = ".".join(parts[:length])
                if inner in modules and inner not in ways:
                    ways[inner] = f"{ways[module]} → {inner}"
                    found.append(inner)
    return ways


def _loaded_by(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """What these import when they are run, functions that they define aside; `from a.b import c` is `a.b.c`."""
    for node in statements:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from _loaded_by(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _loaded_by(inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt))


def _task_modules(source: Source) -> set[str]:
    """A worker names the modules of its tasks in texts."""
    texts = (node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {text for text in texts if _TASK_MODULE.fullmatch(text)}


def _module(source: Source) -> str:
    parts = source.path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_process_loads_what_it_has_no_use_for() -> None:
    assert list(find_needless_loads(sources())) == []


def test_every_kind_of_process_is_looked_at() -> None:
    modules = {_module(source): source for source in sources()}

    found = {
        (service, program): len(_ways(f"services.{service}.{program}", modules)) for service in SERVICES for program in NOT_LOADED
    }

    assert min(found.values()) > 20, found


BAD = [
    sample("services/trips/worker.py", 'from trips import x\napp = make("services.trips.trips.tasks")'),
    sample("services/trips/trips/tasks.py", "from services.trips import deps"),
    sample("services/trips/deps.py", "from shared.runtime.http import session\n"),
    sample("shared/runtime/http/session.py", "class Db:\n    from fastapi import Depends"),
    sample("services/trips/app.py", "from services.trips.trips.sheet import draw"),
    sample("services/trips/trips/sheet.py", "try:\n    import fpdf.enums\nexcept ImportError:\n    pass"),
    sample("services/trips/relay.py", "import services.trips.trips.sheet"),
]
GOOD = [
    sample("services/trips/worker.py", 'app = make("services.trips.trips.tasks")'),
    sample("services/trips/trips/tasks.py", "from services.trips.trips.drawing import draw\nimport celery"),
    sample("services/trips/trips/drawing.py", "def draw():\n    import fpdf\nif TYPE_CHECKING:\n    from fastapi import Request"),
    sample("services/trips/trips/sheet.py", "import fpdf"),
    sample("services/trips/app.py", "import fastapi"),
]


def test_a_library_that_comes_in_by_way_of_others_is_found_with_its_way() -> None:
    assert [line.partition(":")[0] for line in find_needless_loads(BAD)] == [
        "services.trips.app → services.trips.trips.sheet → fpdf",
        "services.trips.worker → services.trips.trips.tasks → services.trips.deps → shared.runtime.http.session → fastapi",
        "services.trips.relay → services.trips.trips.sheet → fpdf",
    ]


def test_what_is_loaded_when_it_is_used_and_what_types_alone_name_is_no_load() -> None:
    assert list(find_needless_loads(GOOD)) == []
