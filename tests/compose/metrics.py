"""What a running Prometheus is asked about expressions: do the series that they name exist, with such labels?"""

import re
from collections.abc import Iterator
from typing import Any, Final

import httpx

_TEXT: Final = r'"(?:[^"\\]|\\.)*"'
_SELECTOR: Final = re.compile(rf"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{{((?:[^}}\"]|{_TEXT})*)\}}")
_MATCHER: Final = re.compile(rf"([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*({_TEXT})")


class Prometheus:
    """A Prometheus by its HTTP API (prometheus.io/docs/prometheus/latest/querying/api)."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=30, trust_env=False)

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer. AssertionError with Prometheus' own words when it refuses."""
        answer = self._client.get(path, params=parameters)
        said = answer.json()
        assert said["status"] == "success", f"{parameters}: {said.get('error')}"
        return said["data"]

    def try_to_ask(self, path: str, **parameters: str) -> Any:
        """The same; None where nothing answers yet."""
        try:
            return self.ask(path, **parameters)
        except httpx.TransportError:
            return None

    def names(self) -> set[str]:
        """Of all series that it has ever scraped or recorded."""
        return set(self.ask("/label/__name__/values"))

    def labels(self, metric: str) -> dict[str, set[str]]:
        """The values that each label of a metric has had."""
        found: dict[str, set[str]] = {}
        for series in self.ask("/series", **{"match[]": metric}):
            for name, value in series.items():
                found.setdefault(name, set()).add(value)
        return found

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        result: list[dict[str, Any]] = self.ask("/query", query=expression)["result"]
        return result

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


def selectors(expression: str) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """Each selector with matchers: the metric, and operator and value by label."""
    for metric, matchers in _SELECTOR.findall(expression):
        yield metric, {label: (operator, value[1:-1]) for label, operator, value in _MATCHER.findall(matchers)}


def grouped_by(expression: str) -> set[str]:
    """Every label that `by` or `on` names."""
    clauses: list[str] = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression)
    return {label.strip() for clause in clauses for label in clause.split(",") if label.strip()}
