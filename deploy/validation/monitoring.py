"""Rules and dashboards: the metrics that their expressions name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.validation.tools import ROOT

PROMETHEUS: Final = ROOT / "deploy/prometheus"
CHART: Final = ROOT / "deploy/k8s/waybill"
"""Rules and dashboards are in it, and compose mounts them from there: helm reads nothing outside of a chart."""
RULES: Final = CHART / "rules"
DASHBOARDS: Final = CHART / "dashboards"
GIVEN: Final = frozenset({"up"})
"""What Prometheus itself adds."""
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR: Final = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_CLAUSE: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
_WORDS: Final = frozenset(
    {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right"}
)


def rules() -> list[dict[str, Any]]:
    """Every rule of every file: alerts and records."""
    groups = [group for file in rule_files() for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its file's name."""
    return {str(file.relative_to(DASHBOARDS)): json.loads(file.read_text()) for file in sorted(DASHBOARDS.rglob("*.json"))}


def expressions(dashboard: Any) -> Iterator[str]:
    """Every expression in a dashboard: its panels' and its variables'."""
    if isinstance(dashboard, dict):
        if isinstance(dashboard.get("expr"), str):
            yield dashboard["expr"]
        if dashboard.get("type") == "query" and isinstance(dashboard.get("query"), str):
            yield from re.findall(r"label_values\(([^,]+),", dashboard["query"])
        for value in dashboard.values():
            yield from expressions(value)
    elif isinstance(dashboard, list):
        for value in dashboard:
            yield from expressions(value)


def metrics_in(expression: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = _CLAUSE.sub(" ", _SELECTOR.sub(" ", _TEXT.sub('""', expression)))
    # Numbers and durations have letters that are no names: 1.5e3, 5m.
    return {name for name in _NAME.findall(re.sub(r"\b\d[\w.]*", " ", bare)) if name not in _WORDS}


def plain(expression: str) -> str:
    """An expression of a dashboard as Prometheus takes it."""
    return re.sub(r"\$__(rate_interval|interval|range)", "5m", re.sub(r"\$\{?(?!__)\w+\}?", ".*", expression))


def rule_files() -> list[Path]:
    """The files of rules."""
    return sorted(RULES.glob("*.yml"))
