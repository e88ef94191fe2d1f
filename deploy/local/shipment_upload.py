"""Sends a file of shipments to the alerts API, part by part, and puts the parts' reports together."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from rich.markup import escape

from deploy.local.failures import StackError
from deploy.local.shipment_parts import Part, PartReader, Row

TRIES: Final = 5
MAX_PROBLEMS: Final = 100_000
_TYPES: Final = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_COUNTS: Final = ("rows", "created", "updated", "eta_revised", "unchanged", "rejected")
_TRY_AGAIN: Final = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.BAD_GATEWAY})


@dataclass(frozen=True, slots=True)
class Problem:
    """line: in the whole file. column: None where the row as a whole is wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(slots=True)
class Progress:
    """What has become of the file so far. read: how many of its bytes have been sent."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTS, 0))
    problems: list[Problem] = field(default_factory=list)
    read: int = 0

    @property
    def kept(self) -> int:
        """How many rows are in."""
        return self.counts["rows"] - self.counts["rejected"]


class ShipmentUpload:
    """One file on its way. Sending it again is harmless: what is in is left as it is.

    params: of the import, as its documentation describes them. wait: how to pass the seconds until the next try.
    """

    def __init__(
        self, client: httpx.Client, reader: PartReader, params: dict[str, str], *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._reader = reader
        self._params = params | {"max_problems": str(MAX_PROBLEMS)}
        self._wait = wait
        self._taken: dict[str, int] = {}
        self.progress = Progress()

    def run(self) -> Iterator[Progress]:
        """Send part after part; the progress after each. Raises StackError where the API refuses or does not answer."""
        for part in self._reader.parts():
            fresh = self._without_doubles(part)
            if fresh.rows:
                self._take(fresh, self._send(fresh))
            self.progress.read = part.read
            yield self.progress
        if not self.progress.counts["rows"]:
            raise StackError(
                f"{self._reader.path} has no rows.", "its first line names the columns, each other one is a shipment"
            )

    def _without_doubles(self, part: Part) -> Part:
        """The part without the rows of references that an earlier part has brought; these are told as problems."""
        rows: list[Row] = []
        for row in part.rows:
            first = self._taken.get(row.reference) if row.reference else None
            if first is None:
                rows.append(row)
                continue
            self.progress.counts["rows"] += 1
            self.progress.counts["rejected"] += 1
            self.progress.problems.append(Problem(row.line, self._reader.reference_column, f"stands in line {first} already"))
        return Part(part.header, rows, part.read)

    def _take(self, part: Part, report: dict[str, Any]) -> None:
        for name in _COUNTS:
            self.progress.counts[name] += report[name]
        told = [Problem(part.line_of(one["line"]), one["column"], one["reason"]) for one in report["problems"]]
        self.progress.problems += told
        bad = {problem.line for problem in told}
        self._taken |= {row.reference: row.line for row in part.rows if row.reference and row.line not in bad}

    def _send(self, part: Part) -> dict[str, Any]:
        failure = ""
        for number in range(TRIES):
            if failure:
                self._wait(2.0 ** (number - 1))
            try:
                answer = self._post(part)
            except httpx.TransportError as error:
                failure = f"the alerts API does not answer ({type(error).__name__})"
                continue
            if answer.is_success:
                report: dict[str, Any] = answer.json()
                return report
            failure = f"the alerts API answered {answer.status_code}: {escape(_detail(answer))}"
            if answer.status_code not in _TRY_AGAIN:
                raise StackError(f"{self._state()}{failure}", "mend it and run the same command again")
        raise StackError(f"{self._state()}{failure}", "run the same command again: what is in is left as it is")

    def _post(self, part: Part) -> httpx.Response:
        headers = {"Content-Type": _TYPES[self._reader.kind]}
        return self._client.post("/v1/shipments/import", params=self._params, content=part.body(), headers=headers)

    def _state(self) -> str:
        return f"{self.progress.kept:,} rows are in; then " if self.progress.kept else "Nothing is in: "


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
