"""The Jinja environment of templates: what may stand in one, and what each construct costs.

What is not listed is refused when the template is saved, with its line: calls (and so methods and macros), blocks that
gather text, other templates, slices, and lists of anything but constants, with which a template could grow without bound.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from jinja2 import StrictUndefined, Template, meta, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from services.notifications.templates.budget import current
from services.notifications.templates.filters import (
    COUNTED,
    FILTERS,
    INTERNAL,
    JOINED,
    MAX_NUMBER,
    STEP,
    TESTS,
    ValueUnusable,
    finalize,
)

MAX_SOURCE_CHARS: Final = 48_000
OUTPUT: Final = "\ue000"
BLOCK: Final = "\ue001"
"""Placeholders of `skeleton`, of Unicode's private use area."""
MAX_NODES: Final = 20_000
MAX_DEPTH: Final = 50

_ALLOWED: Final[tuple[type[nodes.Node], ...]] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign, nodes.With),
    *(nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.CondExpr, nodes.Keyword),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Compare, nodes.Operand, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.List, nodes.Tuple),
)
_WORDS: Final[Mapping[type[nodes.Node], str]] = {
    nodes.Call: "a call; use a filter",
    nodes.Slice: "a slice; use truncate, or ask for loop.index",
    nodes.Pow: "a power",
    nodes.Macro: "a macro",
    nodes.CallBlock: "a call block",
    nodes.FilterBlock: "a filter block; use the filter on each output",
    nodes.AssignBlock: "a set block; use {% set name = value %}",
    nodes.Include: "an include; a template stands alone",
    nodes.Import: "an import; a template stands alone",
    nodes.FromImport: "an import; a template stands alone",
    nodes.Extends: "an extends; a template stands alone",
    nodes.Block: "a block; a template stands alone",
    nodes.Dict: "an object; send it in the context",
    nodes.NSRef: "a namespace",
    nodes.Scope: "an autoescape block; HTML is always escaped, and text never",
}
_LOOP: Final = frozenset({"index", "index0", "first", "last", "length", "revindex"})


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """One for plain text, one for HTML."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, *, autoescape: bool) -> None:
        # Without the optimizer, nothing of a template is run before its rendering counts it.
        super().__init__(
            undefined=StrictUndefined,
            autoescape=autoescape,
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,
            finalize=finalize,
            cache_size=0,
        )
        self.globals.clear()
        self.filters = {**FILTERS, **INTERNAL}
        self.tests = dict(TESTS)

    def compiled(self, source: str) -> Template:
        """The template of a source. Raises TemplateSyntaxError where it is none, or holds what is not offered."""
        try:
            tree = self.parse(source)
            _check(tree)
            code = self.compile(_Counting(self).visit(tree), filename="<template>")
        except (RecursionError, MemoryError, SyntaxError):
            raise TemplateSyntaxError("it is nested too deeply", 1) from None
        except ValueError:
            raise TemplateSyntaxError("it holds a number with more digits than can be read", 1) from None
        return Template.from_code(self, code, {})

    def undeclared(self, source: str) -> set[str]:
        """The variables that a source which compiles takes from its context."""
        return meta.find_undeclared_variables(self.parse(source))

    def skeleton(self, source: str) -> str:
        """A source with a placeholder for each output and each block, so that its markup can be read as such."""
        kinds = {"variable_begin": OUTPUT, "block_begin": BLOCK, "comment_begin": BLOCK}
        tokens = self.lex(source)
        return "".join(value if kind == "data" else kinds.get(kind, "") for _, kind, value in tokens)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`a.b` is a field of the context and never something of Python's."""
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`a["b"]` and `a[0]`."""
        if isinstance(obj, Undefined):
            str(obj)
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        is_index = isinstance(argument, int) and isinstance(obj, Sequence) and not isinstance(obj, str)
        if is_index and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(f"there is no {str(argument)[:60]!r} in it")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers of ordinary size, and `+` on texts. `%` and `*` on texts would pad and repeat without end."""
        current().step()
        for value in (left, right):
            if isinstance(value, Undefined):
                str(value)
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            current().build(len(left) + len(right))
            return left + right
        if not all(isinstance(value, int | float) and abs(value) <= MAX_NUMBER for value in (left, right)):
            raise ValueUnusable(f"{operator} takes two numbers of at most 15 digits; join texts with ~")
        return super().call_binop(context, operator, left, right)


def _check(tree: nodes.Template) -> None:
    """Raises TemplateSyntaxError. Walks with a stack of its own, because a hostile tree is deeper than Python's."""
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    count = 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise TemplateSyntaxError(
                f"it is nested deeper than {MAX_DEPTH} levels, or has over {MAX_NODES:,} parts", node.lineno
            )
        _check_node(node)
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def _check_node(node: nodes.Node) -> None:
    if type(node) not in _ALLOWED:
        what = _WORDS.get(type(node), type(node).__name__.lower())
        raise TemplateSyntaxError(f"it holds what templates do not offer: {what}", node.lineno or 1)
    if isinstance(node, nodes.Const) and isinstance(node.value, float) and not math.isfinite(node.value):
        # Jinja writes it into the code by its name, which Python does not know.
        raise TemplateSyntaxError("it holds a number that is too large to be read", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("it holds what templates do not offer: a recursive loop", node.lineno)
    if isinstance(node, nodes.List | nodes.Tuple) and not _is_plain(node):
        raise TemplateSyntaxError("a list in a template holds constants only; send others in the context", node.lineno)
    if isinstance(node, nodes.Filter | nodes.Test):
        offered = FILTERS if isinstance(node, nodes.Filter) else TESTS
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise TemplateSyntaxError(f"{node.name} takes its arguments one by one, without *", node.lineno)
        if node.name not in offered:
            raise TemplateSyntaxError(f"there is no {node.name!r}; there are {', '.join(sorted(offered))}", node.lineno)


def _is_plain(node: nodes.List | nodes.Tuple) -> bool:
    is_target = isinstance(node, nodes.Tuple) and node.ctx == "store"
    return all(isinstance(item, nodes.Name if is_target else nodes.Const) for item in node.items)


class _Counting(NodeTransformer):
    """Puts the counting into what repeats, compares and joins."""

    def __init__(self, environment: TemplateEnvironment) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the visitor finds its methods by the nodes' names
        self.generic_visit(node)
        node.iter = self._filtered(node.iter, COUNTED)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        node.expr = self._filtered(node.expr, STEP)
        for operand in node.ops:
            operand.expr = self._filtered(operand.expr, STEP)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as above
        self.generic_visit(node)
        first, *others = node.nodes
        return self._filtered(first, JOINED, others)

    def _filtered(self, node: nodes.Node, name: str, arguments: Sequence[nodes.Expr] = ()) -> nodes.Filter:
        made = nodes.Filter(node, name, list(arguments), [], None, None)
        return made.set_lineno(node.lineno).set_environment(self._environment)  # type: ignore[return-value]
