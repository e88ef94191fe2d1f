"""The text of the metrics says what the library's says, in less of the process's time."""

import gzip
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from shared.runtime.exposition import exposition, serve
from shared.runtime.metrics import REGISTRY


@pytest.fixture
def registry() -> CollectorRegistry:
    """A thousand and some lines, with what has to be escaped."""
    made = CollectorRegistry()
    ran = Histogram("ran_seconds", 'How long,\nor "how\\short".', ("name", "hostname"), buckets=(0.005, 1, 1800), registry=made)
    done = Counter("done", "Messages.", ("name", "hostname"), registry=made)
    for number in range(100):
        ran.labels(f"task {number % 50}", f"host@{number}").observe(number / 7)
        done.labels(f"task {number % 50}", f"host@{number}").inc(10_000_000 * number)
    done.labels('a "quoted"\nname', "back\\slash").inc()
    Gauge("up", "Without labels.", registry=made).set(float("inf"))
    Info("build", "What runs here.", registry=made).info({"version": "1"})
    return made


@pytest.fixture
def url(registry: CollectorRegistry) -> Iterator[str]:
    with serve(registry, 0, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()


def parsed(text: bytes) -> dict[tuple[str, str, str], set[Any]]:
    """What a reader understands, in no order."""
    families = text_string_to_metric_families(text.decode())
    return {(one.name, one.type, one.documentation): {_frozen(sample) for sample in one.samples} for one in families}


def _frozen(sample: Sample) -> tuple[str, frozenset[tuple[str, str]], float]:
    return sample.name, frozenset(sample.labels.items()), sample.value


def test_it_says_what_the_library_says_at_the_first_scrape_and_at_each_that_follows(registry: CollectorRegistry) -> None:
    for number in range(3):
        Counter(f"later_{number}", "One more.", ("which",), registry=registry).labels("é").inc(number)
        assert parsed(exposition(registry)) == parsed(generate_latest(registry))


def test_it_says_of_this_process_what_the_library_says() -> None:
    ours, theirs = parsed(exposition(REGISTRY)), parsed(generate_latest(REGISTRY))
    assert ours.keys() == theirs.keys()
    assert {key: len(samples) for key, samples in ours.items()} == {key: len(samples) for key, samples in theirs.items()}


def test_a_scraper_gets_it_packed_and_plain(url: str, registry: CollectorRegistry) -> None:
    # As Prometheus asks: it would rather have the format that takes the library the longest.
    asked = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", "Accept-Encoding": "gzip"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=asked)) as packed, urllib.request.urlopen(url) as plain:  # noqa: S310 — our own address
        assert packed.headers["Content-Type"] == plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = plain.read()
        assert gzip.decompress(packed.read()) == text
    assert parsed(text) == parsed(generate_latest(registry))


def test_a_port_that_is_taken_is_an_error(registry: CollectorRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(registry, taken.getsockname()[1], "127.0.0.1")
