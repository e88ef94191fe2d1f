"""The page on writing a task shows the code that its tests run: no more, and all of it."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT

PAGE = DOCS / "writing-a-task.md"
_SHOWN = re.compile(r"^```(?:python|sql) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN: list[tuple[str, str]] = _SHOWN.findall(PAGE.read_text())
EXAMPLES = sorted(
    file for file in (DOCS / "examples").rglob("*") if file.suffix in (".py", ".sql") and file.name != "__init__.py"
)


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_code_on_the_page_is_a_part_of_the_file_that_it_names(number: int) -> None:
    path, code = SHOWN[number]

    assert f"\n{code}" in f"\n{(ROOT / path).read_text()}\n"


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_every_line_of_an_example_is_on_the_page(file: Path) -> None:
    left = f"\n{file.read_text()}\n"
    for path, code in SHOWN:
        if path == str(file.relative_to(ROOT)):
            left = left.replace(f"\n{code}", "\n", 1)

    assert left.strip() == ""


def test_all_code_blocks_of_the_page_name_their_file() -> None:
    assert re.findall(r"^```(?:python|sql)$", PAGE.read_text(), re.MULTILINE) == []


def test_functions_that_the_page_names_for_tests_exist() -> None:
    testing = "\n".join(file.read_text() for file in sorted((ROOT / "shared" / "testing").glob("*.py")))
    known = {node.name for node in ast.walk(ast.parse(testing)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    named = {
        "run_task",
        "assert_published",
        "assert_nothing_published",
        "published",
        "outbox_of",
        "session",
        "clock",
        "processes",
        "owner",
    }
    assert {name for name in named if name in PAGE.read_text()} == named
    assert named - known == set()
