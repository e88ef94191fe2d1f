"""The texts that Waybill brings along, as their files have them; migrations put them into the table.

A folder is a template: `sample.json`, `variables.json`, and per language `<locale>.<part>` with the endings of `SUFFIXES`, and
where the sample has words, a `<locale>.sample.json` that replaces them. An e-mail whose HTML is a fragment is placed into
`_layout.html` here, with its text into `_layout.txt`, so that what is stored is whole: a template can include no other. Markers
are `[[name]]`: `content`, `preheader` and `lang`, and the words of `_layout.json` in the language. The fragment's first line is
its preheader, the line that mail programs show beside the subject:

    <!-- preheader: Order {{ order_number }} is on its way. -->
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BUILTIN: Final = Path(__file__).with_name("builtin")
SUFFIXES: Final = {
    "subject": "subject.txt",
    "text": "text.txt",
    "html": "html",
    "sms": "sms.txt",
    "push_title": "push-title.txt",
    "push_body": "push-body.txt",
}
_PREHEADER: Final = re.compile(r"<!-- preheader: (.*?) -->\n")
_MARKER: Final = re.compile(r"\[\[([a-z_]+)\]\]")


@dataclass(frozen=True, slots=True)
class Builtin:
    """One built-in text in one language. sample, variables: JSON text. A part that it does not have is None."""

    name: str
    locale: str
    sample: str
    variables: str
    subject: str | None
    text: str | None
    html: str | None
    sms: str | None
    push_title: str | None
    push_body: str | None


def builtins(names: Sequence[str]) -> Iterator[Builtin]:
    """The texts of these folders, by name and language."""
    for name in sorted(names):
        folder = BUILTIN / name
        locales = sorted({file.name.partition(".")[0] for suffix in SUFFIXES.values() for file in folder.glob(f"*.{suffix}")})
        for locale in locales:
            parts = {part: _read(folder / f"{locale}.{suffix}") for part, suffix in SUFFIXES.items()}
            html, text = parts["html"], parts["text"]
            if html is not None and not html.startswith("<!doctype"):
                parts |= {"html": _placed(html, locale), "text": _placed_text(text, locale) if text is not None else None}
            sample = json.dumps(_json(folder / "sample.json") | _json(folder / f"{locale}.sample.json"))
            yield Builtin(name, locale, sample, json.dumps(_json(folder / "variables.json")), **parts)


def _placed(fragment: str, locale: str) -> str:
    preheader = _PREHEADER.match(fragment)
    if preheader is None:
        raise ValueError("the first line of an HTML fragment is its preheader: <!-- preheader: … -->")
    content = fragment[preheader.end() :].rstrip("\n")
    return _filled("_layout.html", {"lang": locale, "preheader": preheader[1], "content": content}, locale)


def _placed_text(text: str, locale: str) -> str:
    return _filled("_layout.txt", {"content": text.rstrip("\n")}, locale)


def _filled(layout: str, values: dict[str, str], locale: str) -> str:
    words = values | json.loads((BUILTIN / "_layout.json").read_text())[locale]
    return _MARKER.sub(lambda marker: words[marker[1]], (BUILTIN / layout).read_text())


def _read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def _json(file: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return read
