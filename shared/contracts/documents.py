"""The committed form of every contract: a JSON Schema and golden samples, beside the code that they describe.

    schemas/<message name>.json   JSON Schema 2020-12 of the payload as it is accepted, with `x-contract` for the rest
    samples/<message name>.json   a list of payloads that only grows; each must parse for ever

`python -m shared.contracts check` compares them with the registry, `write` brings them up to date.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.contracts.compatibility import CONTRACT, Schema, breaks, growth
from shared.contracts.hints import HintedSchema
from shared.contracts.history import last_committed
from shared.contracts.message import MAX_BODY_BYTES, Event, Message
from shared.contracts.registry import messages

FOLDER = Path(__file__).parent
WRITE = "run `python -m shared.contracts write` and commit the result"

Registry = Mapping[str, type[Message]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one message's committed form. A break is not mended by writing it."""

    message: str
    sentence: str
    is_break: bool = False

    def __str__(self) -> str:
        return f"{self.message}: {self.sentence}"


def product() -> Registry:
    """The messages of the product, without the probes that a benchmark or a fault run has included in the registry."""
    return {name: message for name, message in messages().items() if message.__module__.startswith(f"{__package__}.")}


def schema_of(message: type[Message]) -> Schema:
    """The committed form of a message: the JSON Schema of what consumers accept, and its contract."""
    contract = message.contract
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:waybill:{contract.name}",
        CONTRACT: {
            "kind": "event" if issubclass(message, Event) else "command",
            "lanes": [lane.name for lane in contract.lanes],
            "max_batch": contract.max_batch,
            "retry": contract.retry.model_dump(mode="json"),
            "answer": asdict(contract.answer) if contract.answer else None,
        },
        **message.model_json_schema(schema_generator=HintedSchema, mode="validation"),
    }


def samples_of(name: str, folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The golden payloads of a message, oldest first; empty where none is committed."""
    file = folder / "samples" / f"{name}.json"
    samples: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
    return samples


def check(registry: Registry, folder: Path = FOLDER) -> list[Finding]:
    """Everything in which the committed schemas and samples differ from the registry."""
    return [*_schema_findings(registry, folder), *_sample_findings(registry, folder)]


def write(registry: Registry, folder: Path = FOLDER, *, despite_breaks: Collection[str] = ()) -> list[Finding]:
    """Write the schemas of new and grown messages, and return the breaks that were refused.

    despite_breaks: messages whose break is meant, because nothing of the old form waits or is sent any more.
    """
    refused = [found for found in _schema_findings(registry, folder) if found.is_break and found.message not in despite_breaks]
    kept = {found.message for found in refused}
    committed = _committed(folder)
    for name, message in registry.items():
        schema = schema_of(message)
        if name not in kept and schema != committed.get(name):
            (folder / "schemas" / f"{name}.json").write_text(as_text(schema))
    for name in committed.keys() - registry.keys() - kept:
        (folder / "schemas" / f"{name}.json").unlink()
        (folder / "samples" / f"{name}.json").unlink(missing_ok=True)
    return refused


def as_text(document: Any) -> str:
    """JSON as it is committed."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _committed(folder: Path) -> dict[str, Schema]:
    return {file.stem: json.loads(file.read_text()) for file in sorted((folder / "schemas").glob("*.json"))}


def _schema_findings(registry: Registry, folder: Path) -> Iterator[Finding]:
    committed = _committed(folder)
    for name in committed.keys() - registry.keys():
        yield Finding(
            name, "the message is gone, and what is under way could not be read; keep it until nothing sends it", is_break=True
        )
    for name, message in registry.items():
        schema = schema_of(message)
        before = committed.get(name) or _deleted(name, folder)
        if before is None:
            yield Finding(name, f"the message is new and has no committed schema; {WRITE}")
        elif found := breaks(before, schema):
            yield from (Finding(name, sentence, is_break=True) for sentence in found)
        elif name not in committed:
            yield Finding(name, f"schemas/{name}.json was committed and is gone; {WRITE}")
        elif schema != before:
            yield Finding(name, f"it {growth(before, schema)}, which schemas/{name}.json does not say; {WRITE}")


def _deleted(name: str, folder: Path) -> Schema | None:
    """The schema that was committed before somebody deleted its file."""
    text = last_committed(folder / "schemas" / f"{name}.json")
    schema: Schema | None = json.loads(text) if text else None
    return schema


def _sample_findings(registry: Registry, folder: Path) -> Iterator[Finding]:
    for file in sorted((folder / "samples").glob("*.json")):
        if file.stem not in registry:
            yield Finding(file.stem, "has samples and is no message; delete the file, or keep the message")
    for name, message in registry.items():
        samples = samples_of(name, folder)
        if not samples:
            yield Finding(name, f"has no golden sample; put a list with one real payload into samples/{name}.json")
            continue
        for number, sample in enumerate(samples, start=1):
            yield from _sample_problems(message, sample, number)
        shown = set().union(*samples)
        if unseen := [field for field in message.model_fields if field not in shown]:
            yield Finding(name, f"no sample shows {', '.join(unseen)}; append a payload that does, and keep the older ones")


def _sample_problems(message: type[Message], sample: dict[str, Any], number: int) -> Iterator[Finding]:
    name, text = message.contract.name, json.dumps(sample)
    try:
        message.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        at = ".".join(map(str, problem["loc"]))
        yield Finding(
            name,
            f"sample {number} no longer parses ({at}: {problem['msg']}); a payload that was valid must stay valid",
            is_break=True,
        )
    if len(text.encode()) > MAX_BODY_BYTES:
        yield Finding(
            name, f"sample {number} has {len(text.encode())} bytes, at most {MAX_BODY_BYTES} travel; send an id instead"
        )
